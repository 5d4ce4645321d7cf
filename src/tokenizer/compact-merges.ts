import type { CompactVocabulary } from './compact-vocabulary.ts';

/** Of merges: there are fewer than tokens, and rank and place of a merge have to fit 53 bits together. */
const MAX_MERGES = 2 ** 20;

const isPair = (value: unknown): value is [string, string] =>
  Array.isArray(value) && value.length === 2 && typeof value[0] === 'string' && typeof value[1] === 'string';

/** The merges of a byte-pair encoding in two typed arrays, found by open addressing: about 24 bytes a merge. */
export class CompactMerges {
  /** Left, right and merged token of each merge, by rank. */
  readonly #tokens: Int32Array;
  /** Ranks + 1 by hash; 0 is free. A power of two, at most half of it in use. */
  readonly #slots: Int32Array;

  private constructor(tokens: Int32Array) {
    this.#tokens = tokens;
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2((2 * tokens.length) / 3 + 1)));
    // Of merges that come twice the last one holds.
    for (let at = 0; at < tokens.length; at += 3) this.#slots[this.#slotOf(tokens[at], tokens[at + 1])] = at / 3 + 1;
  }

  /**
   * @param merges pairs of tokens by rank, or, as older files have them, pairs with a space between
   * @returns null for what this cannot hold: merges of something that is no token, or too many
   */
  static from(merges: readonly unknown[], vocabulary: CompactVocabulary): CompactMerges | null {
    if (merges.length > MAX_MERGES) return null;
    const arePairs = Array.isArray(merges[0]);
    const tokens = new Int32Array(3 * merges.length);
    for (let rank = 0; rank < merges.length; rank++) {
      const pair = arePairs ? merges[rank] : String(merges[rank]).split(' ', 2);
      if (!isPair(pair)) return null;
      tokens[3 * rank] = vocabulary.find(pair[0]);
      tokens[3 * rank + 1] = vocabulary.find(pair[1]);
      tokens[3 * rank + 2] = vocabulary.find(pair[0] + pair[1]);
    }
    return tokens.includes(-1) ? null : new CompactMerges(tokens);
  }

  /** The rank of merging `left` with `right`, the lowest goes first; -1 where they do not merge. */
  rank(left: number, right: number): number {
    return this.#slots[this.#slotOf(left, right)] - 1;
  }

  /** The token that the merge of `rank` makes. */
  merged(rank: number): number {
    return this.#tokens[3 * rank + 2];
  }

  /** Where the merge is, or else where it would be put. */
  #slotOf(left: number, right: number): number {
    const slots = this.#slots;
    const tokens = this.#tokens;
    const hash = Math.imul(Math.imul(left, 0x9e3779b1) + right, 0x85ebca6b);
    let slot = (hash ^ (hash >>> 15)) & (slots.length - 1);
    for (; slots[slot] !== 0; slot = (slot + 1) & (slots.length - 1)) {
      const at = 3 * (slots[slot] - 1);
      if (tokens[at] === left && tokens[at + 1] === right) break;
    }
    return slot;
  }
}
