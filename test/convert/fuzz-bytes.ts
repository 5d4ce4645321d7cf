/** Numerical Recipes' linear congruential generator, which gives the same sequence for the same seed everywhere. */
export function randomIntegers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Numbers at the edges of valid counts, lengths and offsets. */
const EDGES = [0, 1, 2, 127, 128, 255, 256, 65_535, 65_536, 2 ** 20, 2 ** 20 + 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];

/**
 * Damages a file within its first `header` bytes. It makes one to four changes: a flipped bit, a replaced byte, a
 * number at the edges, or a copied piece. One file in eight is also cut off.
 */
export function damage(valid: Uint8Array, header: number, random: (below: number) => number): Uint8Array {
  const bytes = valid.slice();
  const view = new DataView(bytes.buffer);
  for (let times = 1 + random(4); times > 0; times--) {
    const at = random(header - 8);
    const changes = [
      () => bytes.fill(bytes[at] ^ (1 << random(8)), at, at + 1),
      () => bytes.fill(random(256), at, at + 1),
      () => view.setUint32(at, EDGES[random(EDGES.length)], true),
      () => view.setBigUint64(at, BigInt(EDGES[random(EDGES.length)]) << BigInt(random(2) * 32), true),
      () => bytes.copyWithin(at, random(header), random(header)),
    ];
    changes[random(changes.length)]();
  }
  return random(8) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
}
