import { PayloadError, PayloadTooLargeError } from '../model/errors.js';
import { isBinary } from './binary.js';
import { isErrorObject } from './error-values.js';
import type { PayloadLimits } from './limits.js';

/**
 * The walk before a value that is not plain JSON is written: refuses what would not come back as it went in, and says
 * where it is. Bounded in depth and in nodes, so that no serialiser below ever overflows the stack.
 */
export function refuseWhatCannotComeBack(value: unknown, limits: PayloadLimits): void {
  new Walk(limits).visit(value, '', 0);
}

class Walk {
  readonly #seen = new Set<object>();
  readonly #limits: PayloadLimits;
  #nodes = 0;

  constructor(limits: PayloadLimits) {
    this.#limits = limits;
  }

  visit(value: unknown, path: string, depth: number): void {
    switch (typeof value) {
      case 'function':
        throw refusal(`a function${value.name ? ` ('${value.name}')` : ''} cannot be stored`, path);
      case 'symbol':
        throw refusal('a symbol cannot be stored', path);
      case 'object':
        if (value !== null) this.#object(value, path, depth);
        return;
      default:
        return;
    }
  }

  #object(object: object, path: string, depth: number): void {
    if (this.#seen.has(object)) return;
    this.#seen.add(object);
    if (depth >= this.#limits.maxDepth) throw refusal(`more than ${this.#limits.maxDepth} levels deep`, path);
    this.#count(path);
    if (object instanceof Date && Number.isNaN(object.getTime())) throw refusal('an invalid date cannot be stored', path);
    if (object instanceof Date || isBinary(object) || isUrl(object)) return;
    if (object instanceof Map) {
      let i = 0;
      for (const [key, value] of object as Map<unknown, unknown>) {
        this.visit(key, `${path}<key ${i}>`, depth + 1);
        this.visit(value, `${path}<value ${i++}>`, depth + 1);
      }
      return;
    }
    if (object instanceof Set) {
      let i = 0;
      for (const item of object as Set<unknown>) this.visit(item, `${path}<item ${i++}>`, depth + 1);
      return;
    }
    if (object instanceof RegExp) throw refusal('a regular expression cannot be stored: one that was changed on the way could hang; store its source as a string', path);
    if (Array.isArray(object)) return this.#array(object, path, depth);
    if (!isErrorObject(object)) {
      const prototype: unknown = Object.getPrototypeOf(object);
      if (prototype !== Object.prototype && prototype !== null) {
        throw refusal(`an instance of ${className(prototype)} cannot be stored: it would come back without its class; store its data as a plain object`, path);
      }
    }
    this.#members(object, path, depth);
  }

  #array(array: readonly unknown[], path: string, depth: number): void {
    if (Object.keys(array).length !== array.length) throw refusal('an array with holes or with names besides its indices cannot be stored', path);
    for (let i = 0; i < array.length; i++) {
      this.#count(path);
      this.visit(array[i], `${path}[${i}]`, depth + 1);
    }
  }

  #members(object: object, path: string, depth: number): void {
    if (Object.getOwnPropertySymbols(object).length > 0) throw refusal('members named by symbols cannot be stored', path);
    for (const key of Object.keys(object)) {
      const at = path === '' ? key : `${path}.${key}`;
      if (key === '__proto__') throw refusal("a member named '__proto__' cannot be stored", at);
      const descriptor = Object.getOwnPropertyDescriptor(object, key);
      if (descriptor?.get ?? descriptor?.set) throw refusal('a getter or setter cannot be stored; store its value', at);
      const value: unknown = descriptor?.value;
      if ((key === 'constructor' || key === 'prototype') && typeof value === 'object' && value !== null) {
        throw refusal(`an object named '${key}' cannot be stored next to values that are not plain JSON`, at);
      }
      this.#count(at);
      this.visit(value, at, depth + 1);
    }
  }

  #count(path: string): void {
    if (++this.#nodes > this.#limits.maxNodes) {
      throw new PayloadTooLargeError(`The value has more than ${this.#limits.maxNodes} members (at ${path || 'the top'}): store it elsewhere and pass a reference`);
    }
  }
}

export function refusal(message: string, path: string, cause?: unknown): PayloadError {
  return new PayloadError(`${path === '' ? 'The value' : `The value at '${path}'`} is refused: ${message}`, path, { cause });
}

function isUrl(object: object): boolean {
  return Object.prototype.toString.call(object) === '[object URL]';
}

function className(prototype: unknown): string {
  const name = (prototype as { constructor?: { name?: unknown } } | null)?.constructor?.name;
  return typeof name === 'string' && name !== '' ? name : 'a class';
}
