import type { PayloadLimits } from './limits.js';

/**
 * Whether `JSON.stringify` and `JSON.parse` give back exactly this value: the fast path of the codec. False also for
 * what is too deep or too large: the slow path says what is wrong with it. May throw where a proxy does.
 */
export function isPlainJson(value: unknown, limits: PayloadLimits): boolean {
  return new PlainJson(limits).holds(value, limits.maxDepth);
}

class PlainJson {
  #nodesLeft: number;
  #charsLeft: number;
  #first: object | undefined;
  #others: Set<object> | undefined;

  constructor({ maxNodes, maxBytes }: PayloadLimits) {
    this.#nodesLeft = maxNodes;
    this.#charsLeft = maxBytes;
  }

  holds(value: unknown, depthLeft: number): boolean {
    switch (typeof value) {
      case 'string':
        return (this.#charsLeft -= value.length) >= 0;
      case 'boolean':
        return true;
      case 'number':
        return Number.isFinite(value) && !Object.is(value, -0);
      case 'object':
        if (value === null) return true;
        if (depthLeft <= 0 || this.#metBefore(value)) return false;
        return Array.isArray(value) ? this.#array(value, depthLeft - 1) : this.#object(value, depthLeft - 1);
      case 'undefined':
      case 'bigint':
      case 'symbol':
      case 'function':
        return false;
    }
  }

  /** JSON would tear an object that is reached twice in two. Most values are one object or few: no set before the second. */
  #metBefore(object: object): boolean {
    if (this.#first === undefined) {
      this.#first = object;
      return false;
    }
    const met = (this.#others ??= new Set([this.#first]));
    const { size } = met;
    return met.add(object).size === size;
  }

  #array(array: readonly unknown[], depthLeft: number): boolean {
    const { length } = array;
    if ((this.#nodesLeft -= length + 1) < 0 || !Array.isArray(Object.getPrototypeOf(array))) return false;
    for (let i = 0; i < length; i++) {
      // A hole reads as undefined, which is not plain either.
      if (!this.holds(array[i], depthLeft)) return false;
    }
    return Object.keys(array).length === length;
  }

  #object(object: object, depthLeft: number): boolean {
    if (!isPlainPrototype(Object.getPrototypeOf(object))) return false;
    const keys = Object.keys(object);
    if ((this.#nodesLeft -= keys.length + 1) < 0) return false;
    for (const key of keys) {
      if (key === '__proto__' || (this.#charsLeft -= key.length) < 0) return false;
      // An accessor has no value, and undefined is not plain.
      if (!this.holds(Object.getOwnPropertyDescriptor(object, key)?.value, depthLeft)) return false;
    }
    return Object.getOwnPropertySymbols(object).length === 0;
  }
}

/** None, or `Object.prototype`: ours, or that of another realm, as objects have that come out of a frame or a `vm` context. */
export function isPlainPrototype(prototype: unknown): boolean {
  if (prototype === Object.prototype || prototype === null) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf');
}
