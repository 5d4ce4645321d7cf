/** How many tokens are added between two turns. */
const TOKENS_PER_PART = 8_192;

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
  readonly equals = new Map<number, number[]>();

  private constructor(vocabularySize: number, count: number) {
    this.vocabularySize = vocabularySize;
    this.bytes = new Uint8Array(count);
    this.depths = new Uint16Array(count);
    this.skip = new Int32Array(count);
    this.tokens = new Int32Array(count).fill(-1);
  }

  /**
   * Builds the trie in parts.
   * @param bytesOf the bytes of each token; none for tokens that are no text, such as special ones
   * @param turn is awaited between parts, each of which takes some milliseconds
   */
  static async build(vocabularySize: number, bytesOf: (id: number) => Uint8Array, turn: () => Promise<void>): Promise<VocabularyTrie> {
    const entries: Entry[] = [];
    for (let id = 0; id < vocabularySize; id++) {
      if (id % TOKENS_PER_PART === 0) await turn();
      const bytes = bytesOf(id);
      if (bytes.length > 0) entries.push({ id, bytes, key: String.fromCharCode(...bytes) });
    }
    await turn();
    // Hosts compare strings fast.
    entries.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.id - b.id));
    await turn();
    const count = entries.reduce((sum, { bytes }, index) => sum + bytes.length - sharedLength(bytes, entries[index - 1]?.bytes), 0);
    const trie = new VocabularyTrie(vocabularySize, count);
    await trie.#fill(entries, turn);
    return trie;
  }

  /** The tokens that end at a node. */
  *tokensAt(node: number): Generator<number> {
    const first = this.tokens[node];
    if (first < 0) return;
    yield first;
    yield* this.equals.get(first) ?? [];
  }

  async #fill(entries: readonly Entry[], turn: () => Promise<void>): Promise<void> {
    /** The nodes on the way to the last token. */
    const path: number[] = [];
    let next = 0;
    const close = (depth: number) => {
      while (path.length > depth) this.skip[path.pop()!] = next;
    };
    for (const [index, { id, bytes }] of entries.entries()) {
      if (index % TOKENS_PER_PART === 0) await turn();
      const shared = sharedLength(bytes, entries[index - 1]?.bytes);
      close(shared);
      for (let at = shared; at < bytes.length; at++) {
        this.bytes[next] = bytes[at];
        this.depths[next] = at + 1;
        path.push(next++);
      }
      const node = path.at(-1)!;
      if (this.tokens[node] < 0) this.tokens[node] = id;
      else this.equals.set(this.tokens[node], [...(this.equals.get(this.tokens[node]) ?? []), id]);
    }
    close(0);
  }
}

interface Entry {
  readonly id: number;
  readonly bytes: Uint8Array;
  /** The bytes, one character for each. */
  readonly key: string;
}

function sharedLength(a: Uint8Array, b: Uint8Array | undefined): number {
  if (!b) return 0;
  const length = Math.min(a.length, b.length);
  let shared = 0;
  while (shared < length && a[shared] === b[shared]) shared++;
  return shared;
}
