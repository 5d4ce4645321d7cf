/**
 * The random number of one choice at one position: uniform in [0, 1), and a pure function of its arguments. So a
 * generation can be cut anywhere and continue in another isolate, with no state but the seed.
 *
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011) with the seed as
 * its 64-bit key and (position, choice, 0, 0) as its counter.
 */
export function randomAt(seed: number, choice: number, position: number): number {
  const key = BigInt.asUintN(64, BigInt(seed));
  const [high, low] = philox([position, choice, 0, 0], [Number(key & 0xffff_ffffn), Number(key >> 32n)]);
  return ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53;
}

type Words = [number, number, number, number];

/** Ten rounds of Philox4x32: 128 random bits as four unsigned 32-bit words. */
export function philox(counter: Words, [key0, key1]: [number, number]): Words {
  let [a, b, c, d] = counter;
  for (let round = 0; round < 10; round++) {
    const p = BigInt(a >>> 0) * 0xd2511f53n;
    const q = BigInt(c >>> 0) * 0xcd9e8d57n;
    [a, b, c, d] = [Number(q >> 32n) ^ b ^ key0, Number(q & 0xffff_ffffn), Number(p >> 32n) ^ d ^ key1, Number(p & 0xffff_ffffn)];
    key0 = (key0 + 0x9e3779b9) | 0;
    key1 = (key1 + 0xbb67ae85) | 0;
  }
  return [a >>> 0, b >>> 0, c >>> 0, d >>> 0];
}
