/**
 * The random number of one choice at one position: uniform in [0, 1), and a pure function of its arguments. So a
 * generation can be cut anywhere and continue in another isolate, with no state but the seed.
 *
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011) with the seed as
 * its 64-bit key and (position, choice, 0, 0) as its counter.
 * @param seed a whole number; a negative one is taken as its two's complement
 */
export function randomAt(seed: number, choice: number, position: number): number {
  const [high, low] = philox([position, choice, 0, 0], [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0]);
  return ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53;
}

type Words = [number, number, number, number];

/** Ten rounds of Philox4x32: 128 random bits as four unsigned 32-bit words. */
export function philox([a, b, c, d]: Words, [key0, key1]: [number, number]): Words {
  for (let round = 0; round < 10; round++) {
    const [left, right] = [highWord(0xcd9e8d57, c) ^ b ^ key0, highWord(0xd2511f53, a) ^ d ^ key1];
    [b, d] = [Math.imul(0xcd9e8d57, c), Math.imul(0xd2511f53, a)];
    [a, c] = [left, right];
    key0 = (key0 + 0x9e3779b9) | 0;
    key1 = (key1 + 0xbb67ae85) | 0;
  }
  return [a >>> 0, b >>> 0, c >>> 0, d >>> 0];
}

/** The upper 32 bits of the product of two unsigned words, of which `Math.imul` gives the lower ones. */
function highWord(x: number, y: number): number {
  const [x1, x0, y1, y0] = [x >>> 16, x & 0xffff, y >>> 16, y & 0xffff];
  // No sum exceeds 2^32: a product of two halves is at most (2^16 - 1)^2, and what is added at most 2^16 - 1.
  const middle = x1 * y0 + ((x0 * y0) >>> 16);
  const carry = (x0 * y1 + (middle & 0xffff)) >>> 16;
  return x1 * y1 + (middle >>> 16) + carry;
}
