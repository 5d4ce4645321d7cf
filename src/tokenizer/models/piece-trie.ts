/** Slots for each node: at most half of them are in use. */
const SLOTS_PER_NODE = 2;
const MULTIPLIER = 0x9e3779b1;
const NONE = -1;

/**
 * The pieces of a vocabulary as a trie over UTF-16 code units, in typed arrays: a hash table with open addressing maps
 * a node and a unit to the next node. It finds all pieces that begin at a place of a text in one walk.
 */
export class PieceTrie {
  static readonly ROOT = 0;
  /** [slots] The node that a slot's edge comes from, or NONE. */
  readonly #from: Int32Array;
  /** [slots] The unit on the edge. */
  readonly #units: Uint16Array;
  /** [slots] The node that the edge goes to. */
  readonly #to: Int32Array;
  /** [nodes] The id of the piece that ends at the node, or NONE. */
  readonly #ids: Int32Array;
  #nodes = 1;

  /** @param pieces and their ids; of equal pieces, the last one counts */
  constructor(pieces: readonly (readonly [piece: string, id: number])[]) {
    const most = pieces.reduce((sum, [piece]) => sum + piece.length, 1);
    const slots = 2 ** Math.ceil(Math.log2(SLOTS_PER_NODE * most));
    this.#from = new Int32Array(slots).fill(NONE);
    this.#units = new Uint16Array(slots);
    this.#to = new Int32Array(slots);
    this.#ids = new Int32Array(most).fill(NONE);
    for (const [piece, id] of pieces) this.#add(piece, id);
  }

  /** The node after `unit`, or -1 if no piece goes on so. */
  next(node: number, unit: number): number {
    const slot = this.#slotOf(node, unit);
    return this.#from[slot] === NONE ? NONE : this.#to[slot];
  }

  /** The id of the piece that ends at the node, or -1. */
  idAt(node: number): number {
    return this.#ids[node];
  }

  /** The id of a whole piece; undefined if it is none. */
  find(piece: string): number | undefined {
    let node = PieceTrie.ROOT;
    for (let at = 0; at < piece.length && node !== NONE; at++) node = this.next(node, piece.charCodeAt(at));
    return node === NONE || this.#ids[node] === NONE ? undefined : this.#ids[node];
  }

  #add(piece: string, id: number): void {
    let node = PieceTrie.ROOT;
    for (let at = 0; at < piece.length; at++) {
      const unit = piece.charCodeAt(at);
      const slot = this.#slotOf(node, unit);
      if (this.#from[slot] === NONE) {
        [this.#from[slot], this.#units[slot]] = [node, unit];
        this.#to[slot] = this.#nodes++;
      }
      node = this.#to[slot];
    }
    this.#ids[node] = id;
  }

  #slotOf(node: number, unit: number): number {
    const mask = this.#from.length - 1;
    const hash = Math.imul(Math.imul(node, MULTIPLIER) ^ unit, MULTIPLIER);
    let slot = (hash ^ (hash >>> 15)) & mask;
    while (this.#from[slot] !== NONE && (this.#from[slot] !== node || this.#units[slot] !== unit)) slot = (slot + 1) & mask;
    return slot;
  }
}
