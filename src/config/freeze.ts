/** Freezes plain objects and lists all the way down. Maps and class instances are left as they are. */
export function freeze<T>(value: T): T {
  if (!isPlain(value)) return value;
  for (const inner of Object.values(value)) freeze(inner);
  return Object.freeze(value);
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
}
