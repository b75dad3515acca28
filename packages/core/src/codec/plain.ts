import type { PayloadLimits } from './limits.js';

/**
 * Whether `JSON.stringify` and `JSON.parse` give back exactly this value: the fast path of the codec. False also for
 * what is too deep, too large, or throws when it is looked at: the slow path says what is wrong with it.
 */
export function isPlainJson(value: unknown, limits: PayloadLimits): boolean {
  nodesLeft = limits.maxNodes;
  return isPlain(value, limits.maxDepth);
}

let nodesLeft = 0;

function isPlain(value: unknown, depthLeft: number): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0);
    case 'object':
      return value === null || (depthLeft > 0 && (Array.isArray(value) ? isPlainArray(value, depthLeft) : isPlainObject(value, depthLeft)));
    default:
      return false;
  }
}

function isPlainArray(array: readonly unknown[], depthLeft: number): boolean {
  const { length } = array;
  if ((nodesLeft -= length + 1) < 0 || Object.getPrototypeOf(array) !== Array.prototype) return false;
  for (let i = 0; i < length; i++) {
    const item = array[i];
    // A hole reads as undefined, which is not plain either.
    if (!isPlain(item, depthLeft - 1)) return false;
  }
  return Object.keys(array).length === length;
}

function isPlainObject(object: object, depthLeft: number): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) return false;
  const keys = Object.keys(object);
  if ((nodesLeft -= keys.length + 1) < 0) return false;
  for (const key of keys) {
    if (key === '__proto__') return false;
    const descriptor = Object.getOwnPropertyDescriptor(object, key);
    if (!descriptor || !('value' in descriptor) || !isPlain(descriptor.value, depthLeft - 1)) return false;
  }
  return Object.getOwnPropertySymbols(object).length === 0;
}
