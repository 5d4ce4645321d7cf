/**
 * The tokens of a vocabulary by their bytes, as a tree in which common beginnings are shared. The nodes lie in preorder,
 * so that a walk is a loop: the next node is the first child, and `skip` leads past all that lies below.
 */
export class VocabularyTrie {
  readonly vocabularySize: number;
  /** The byte that leads to each node. The root is not among the nodes. */
  readonly bytes: Uint8Array;
  /** How many bytes each node is away from the root. */
  readonly depths: Uint16Array;
  /** The first node after each that does not lie below it. */
  readonly skip: Int32Array;
  /** The token that ends at each node; -1 if none does. */
  readonly tokens: Int32Array;
  /** Further tokens with the same bytes, by the first of them. */
  readonly equals: ReadonlyMap<number, readonly number[]>;

  /**
   * @param bytesOf the bytes of each token; none for tokens that are no text, such as special ones
   */
  constructor(vocabularySize: number, bytesOf: (id: number) => Uint8Array) {
    const entries = sortedByBytes(vocabularySize, bytesOf);
    const count = entries.reduce((sum, { bytes }, index) => sum + bytes.length - sharedLength(bytes, entries[index - 1]?.bytes), 0);
    this.vocabularySize = vocabularySize;
    this.bytes = new Uint8Array(count);
    this.depths = new Uint16Array(count);
    this.skip = new Int32Array(count);
    this.tokens = new Int32Array(count).fill(-1);
    this.equals = this.#fill(entries);
  }

  /** The tokens that end at a node. */
  *tokensAt(node: number): Generator<number> {
    const first = this.tokens[node];
    if (first < 0) return;
    yield first;
    yield* this.equals.get(first) ?? [];
  }

  #fill(entries: readonly Entry[]): Map<number, number[]> {
    const equals = new Map<number, number[]>();
    /** The nodes on the way to the last token. */
    const path: number[] = [];
    let next = 0;
    const close = (depth: number) => {
      while (path.length > depth) this.skip[path.pop()!] = next;
    };
    for (const [index, { id, bytes }] of entries.entries()) {
      const shared = sharedLength(bytes, entries[index - 1]?.bytes);
      close(shared);
      for (let at = shared; at < bytes.length; at++) {
        this.bytes[next] = bytes[at];
        this.depths[next] = at + 1;
        path.push(next++);
      }
      const node = path.at(-1)!;
      if (this.tokens[node] < 0) this.tokens[node] = id;
      else equals.set(this.tokens[node], [...(equals.get(this.tokens[node]) ?? []), id]);
    }
    close(0);
    return equals;
  }
}

interface Entry {
  readonly id: number;
  readonly bytes: Uint8Array;
}

/** The tokens in the order of their bytes, as strings of one character for each byte: hosts sort strings fast. */
function sortedByBytes(vocabularySize: number, bytesOf: (id: number) => Uint8Array): Entry[] {
  const entries: (Entry & { readonly key: string })[] = [];
  for (let id = 0; id < vocabularySize; id++) {
    const bytes = bytesOf(id);
    if (bytes.length > 0) entries.push({ id, bytes, key: String.fromCharCode(...bytes) });
  }
  return entries.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.id - b.id));
}

function sharedLength(a: Uint8Array, b: Uint8Array | undefined): number {
  if (!b) return 0;
  const length = Math.min(a.length, b.length);
  let shared = 0;
  while (shared < length && a[shared] === b[shared]) shared++;
  return shared;
}
