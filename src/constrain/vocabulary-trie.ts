/** How many tokens are added between two turns: a few milliseconds of work. */
const TOKENS_PER_PART = 8_192;
/** The longest token, in bytes, whose depth a byte can hold. GPT-2's longest has 128; one that is longer is left out. */
const MAX_TOKEN_BYTES = 255;

/**
 * The tokens of a vocabulary by their bytes, as a tree in which common beginnings are shared. The nodes lie in preorder,
 * so that a walk is a loop: the next node is the first child, and `skip` leads past all that lies below. All of it lies in
 * typed arrays, of 8 bytes for each node, or 10 for more than 65,534 tokens.
 */
export class VocabularyTrie {
  readonly vocabularySize: number;
  /** The byte that leads to each node. The root is not among the nodes. */
  readonly bytes: Uint8Array;
  /** How many bytes each node is away from the root. */
  readonly depths: Uint8Array;
  /** The first node after each that does not lie below it. */
  readonly skip: Int32Array;
  /** The token that ends at each node; `none` if none does. */
  readonly tokens: Uint16Array | Uint32Array;
  /** What stands for no token. */
  readonly none: number;
  /** Further tokens with the same bytes, by the first of them. */
  readonly equals: ReadonlyMap<number, readonly number[]>;

  private constructor(vocabularySize: number, { count, equals }: GrowingTrie) {
    const Tokens = vocabularySize < 2 ** 16 ? Uint16Array : Uint32Array;
    this.vocabularySize = vocabularySize;
    this.none = 2 ** (8 * Tokens.BYTES_PER_ELEMENT) - 1;
    this.bytes = new Uint8Array(count - 1);
    this.depths = new Uint8Array(count - 1);
    this.skip = new Int32Array(count - 1);
    this.tokens = new Tokens(count - 1).fill(this.none);
    this.equals = equals;
  }

  /**
   * Builds the trie in parts.
   * @param bytesOf the bytes of each token; none for tokens that are no text, such as special ones
   * @param turn is awaited between parts, each of which takes some milliseconds
   */
  static async build(vocabularySize: number, bytesOf: (id: number) => Uint8Array, turn: () => Promise<void>): Promise<VocabularyTrie> {
    const growing = new GrowingTrie();
    for (let id = 0; id < vocabularySize; id++) {
      if (id % TOKENS_PER_PART === 0) await turn();
      const bytes = bytesOf(id);
      if (bytes.length > 0 && bytes.length <= MAX_TOKEN_BYTES) growing.add(bytes, id);
    }
    await turn();
    const trie = new VocabularyTrie(vocabularySize, growing);
    trie.#fill(growing);
    return trie;
  }

  /** Takes the nodes over in preorder. */
  #fill({ bytes, children, siblings, tokens }: GrowingTrie): void {
    const [ways, places] = [new Int32Array(MAX_TOKEN_BYTES + 1), new Int32Array(MAX_TOKEN_BYTES + 1)];
    let [depth, next] = [0, 0];
    for (let node = children[ROOT]; ; ) {
      while (node === 0) {
        if (depth === 0) return;
        this.skip[places[--depth]] = next;
        node = siblings[ways[depth]];
      }
      ways[depth] = node;
      places[depth++] = next;
      this.bytes[next] = bytes[node];
      this.depths[next] = depth;
      if (tokens[node] !== NO_TOKEN) this.tokens[next] = tokens[node];
      next++;
      node = children[node];
    }
  }
}

const ROOT = 0;
const NO_TOKEN = -1;
/** How many nodes there is room for at first. */
const FIRST_NODES = 2 ** 12;
const BYTES = 256;

/** A trie while tokens are added: nodes in the order in which they came, those below one as a list. */
class GrowingTrie {
  /** How many nodes there are, the root among them. */
  count = 1;
  bytes = new Uint8Array(FIRST_NODES);
  /** The last child that was added to each node, and the one before it; 0 for none. */
  children = new Int32Array(FIRST_NODES);
  siblings = new Int32Array(FIRST_NODES);
  tokens = new Int32Array(FIRST_NODES).fill(NO_TOKEN);
  readonly equals = new Map<number, number[]>();
  /** The nodes at the ends of one and of two bytes: those of a space, for one, have too many siblings to be searched. */
  readonly #firsts = new Int32Array(BYTES);
  readonly #seconds = new Int32Array(BYTES * BYTES);

  add(bytes: Uint8Array, id: number): void {
    const [first, second] = bytes;
    let node = this.#known(this.#firsts, first, ROOT, first);
    if (bytes.length > 1) {
      node = this.#known(this.#seconds, first * BYTES + second, node, second);
      for (let at = 2; at < bytes.length; at++) node = this.#find(node, bytes[at]) || this.#append(node, bytes[at]);
    }
    const token = this.tokens[node];
    if (token === NO_TOKEN) this.tokens[node] = id;
    else this.equals.set(token, [...(this.equals.get(token) ?? []), id]);
  }

  /** The node that a table has at an index; it is added below `parent` if there is none. */
  #known(table: Int32Array, index: number, parent: number, byte: number): number {
    if (table[index] === 0) table[index] = this.#append(parent, byte);
    return table[index];
  }

  #find(node: number, byte: number): number {
    let child = this.children[node];
    while (child !== 0 && this.bytes[child] !== byte) child = this.siblings[child];
    return child;
  }

  #append(parent: number, byte: number): number {
    if (this.count === this.bytes.length) this.#grow();
    const node = this.count++;
    this.bytes[node] = byte;
    this.siblings[node] = this.children[parent];
    this.children[parent] = node;
    return node;
  }

  #grow(): void {
    const room = 2 * this.count;
    const enlarged = <T extends Uint8Array | Int32Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    this.bytes = enlarged(this.bytes, new Uint8Array(room));
    this.children = enlarged(this.children, new Int32Array(room));
    this.siblings = enlarged(this.siblings, new Int32Array(room));
    this.tokens = enlarged(this.tokens, new Int32Array(room).fill(NO_TOKEN));
  }
}
