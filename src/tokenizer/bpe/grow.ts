/** `array`, or a copy of twice its length, where `index` is beyond it. */
export function grow<T extends Int32Array | Uint32Array | Uint16Array>(array: T, index: number): T {
  if (index < array.length) return array;
  const larger = new (array.constructor as new (length: number) => T)(Math.max(2 * array.length, index + 1));
  larger.set(array);
  return larger;
}
