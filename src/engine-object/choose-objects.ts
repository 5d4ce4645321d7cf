/**
 * Orders the objects of a model for a request: the first is its home, and each next one is where it goes if those
 * before it are full. This is rendezvous hashing (Thaler and Ravishankar, 1996): the same key always has the same
 * order, keys spread evenly, and another number of objects moves no key but those whose home it adds or takes away.
 * @param key what requests have in common that should meet
 * @param count how many objects there are
 * @returns the objects' numbers, each once
 */
export function objectOrder(key: string, count: number): number[] {
  const keyHash = hash(key);
  const weights = Array.from({ length: count }, (_, index) => mix(keyHash ^ mix(index + 1)));
  return weights.map((_, index) => index).sort((a, b) => weights[b] - weights[a]);
}

/** FNV-1a with 32 bits, over UTF-16 code units (http://www.isthe.com/chongo/tech/comp/fnv/). */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return value >>> 0;
}

/** The last step of MurmurHash3: each bit of the result depends on all bits of the value. */
function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
