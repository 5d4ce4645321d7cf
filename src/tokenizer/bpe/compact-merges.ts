import { type CompactVocabulary, MAX_TOKEN_LENGTH } from './compact-vocabulary.ts';
import { grow } from './grow.ts';
import { Json, type JsonCursor } from './json-cursor.ts';

/** Of merges: there are fewer than tokens, and rank and place of a merge have to fit 53 bits together. */
const MAX_MERGES = 2 ** 20;
const SPACE = 0x20;

/** The merges of a byte-pair encoding in two typed arrays, found by open addressing: 20 to 28 bytes a merge. */
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
   * Reads `[["left", "right"], …]` or, as older files have it, `["left right", …]`, by rank.
   * @throws SyntaxError where there is something else
   * @throws RangeError for what this cannot hold: merges of something that is no token, or more than the cap
   */
  static read(cursor: JsonCursor, vocabulary: CompactVocabulary): CompactMerges {
    const units = new Uint16Array(2 * MAX_TOKEN_LENGTH + 1);
    let tokens = new Int32Array(1024);
    let end = 0;
    cursor.take(Json.OPEN_BRACKET);
    while (end === 0 ? !cursor.takes(Json.CLOSE_BRACKET) : cursor.takes(Json.COMMA)) {
      const { middle, length } = cursor.takes(Json.OPEN_BRACKET) ? readPair(cursor, units) : readSpaced(cursor, units);
      tokens = grow(tokens, end + 2);
      tokens[end] = vocabulary.find(units, 0, middle);
      tokens[end + 1] = vocabulary.find(units, middle, length);
      tokens[end + 2] = vocabulary.find(units, 0, length);
      if (tokens[end] < 0 || tokens[end + 1] < 0 || tokens[end + 2] < 0) throw new RangeError(`The merge ${end / 3} is not of tokens`);
      end += 3;
      if (end > 3 * MAX_MERGES) throw new RangeError(`There are more than ${MAX_MERGES} merges`);
    }
    if (end > 0) cursor.take(Json.CLOSE_BRACKET);
    return new CompactMerges(tokens.slice(0, end));
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

/** Writes both parts one behind the other: where the second one begins, and where it ends. */
function readPair(cursor: JsonCursor, units: Uint16Array): { middle: number; length: number } {
  const middle = cursor.string(units, 0);
  cursor.take(Json.COMMA);
  const length = cursor.string(units, middle);
  cursor.take(Json.CLOSE_BRACKET);
  return { middle, length };
}

function readSpaced(cursor: JsonCursor, units: Uint16Array): { middle: number; length: number } {
  const end = cursor.string(units, 0);
  const middle = units.subarray(0, end).indexOf(SPACE);
  if (middle < 0 || units.subarray(middle + 1, end).includes(SPACE)) throw new RangeError('A merge is not two tokens with a space between');
  units.copyWithin(middle, middle + 1, end);
  return { middle, length: end - 1 };
}
