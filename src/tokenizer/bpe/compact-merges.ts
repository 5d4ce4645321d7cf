import { type CompactVocabulary, grow, MAX_TOKEN_LENGTH } from './compact-vocabulary.ts';
import { Json, type JsonCursor } from './json-cursor.ts';

/**
 * The most merges of a model. There are fewer merges than tokens. Besides, PairMerger packs a rank and a position into
 * one number, which has 53 bits.
 */
const MAX_MERGES = 2 ** 20;
const SPACE = 0x20;

/** The merges of a byte-pair encoding in two typed arrays with open addressing. Each merge takes 20 to 28 bytes. */
export class CompactMerges {
  /** [merges, 3] The left, right and merged token of each merge, in the order of ranks. */
  readonly #tokens: Int32Array;
  /**
   * The hash table: each slot holds a rank + 1, or 0 if it is free. Its length is a power of two, and at most half of
   * the slots are in use.
   */
  readonly #slots: Int32Array;

  private constructor(tokens: Int32Array) {
    this.#tokens = tokens;
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2((2 * tokens.length) / 3 + 1)));
    // If a merge is listed twice, the later rank replaces the earlier one.
    for (let at = 0; at < tokens.length; at += 3) this.#slots[this.#slotOf(tokens[at], tokens[at + 1])] = at / 3 + 1;
  }

  /**
   * Reads `[["left", "right"], …]`, or the form of older files, `["left right", …]`. The order gives the ranks.
   * @throws SyntaxError if the JSON is something else
   * @throws RangeError if a part or the result of a merge is not a token, or if there are too many merges
   */
  static read(cursor: JsonCursor, vocabulary: CompactVocabulary): CompactMerges {
    const units = new Uint16Array(2 * MAX_TOKEN_LENGTH + 1);
    let tokens = new Int32Array(1024);
    let end = 0;
    cursor.expect(Json.OPEN_BRACKET);
    while (end === 0 ? !cursor.accept(Json.CLOSE_BRACKET) : cursor.accept(Json.COMMA)) {
      const { middle, length } = cursor.accept(Json.OPEN_BRACKET) ? readPair(cursor, units) : readSpaced(cursor, units);
      tokens = grow(tokens, end + 2);
      tokens[end] = vocabulary.find(units, 0, middle);
      tokens[end + 1] = vocabulary.find(units, middle, length);
      tokens[end + 2] = vocabulary.find(units, 0, length);
      if (tokens[end] < 0 || tokens[end + 1] < 0 || tokens[end + 2] < 0)
        throw new RangeError(`Merge ${end / 3} has a part or a result that is not a token`);
      end += 3;
      if (end > 3 * MAX_MERGES) throw new RangeError(`There are more than ${MAX_MERGES} merges`);
    }
    if (end > 0) cursor.expect(Json.CLOSE_BRACKET);
    return new CompactMerges(tokens.slice(0, end));
  }

  /** The rank of the merge of `left` with `right`, of which the lowest applies first; -1 if they do not merge. */
  rank(left: number, right: number): number {
    return this.#slots[this.#slotOf(left, right)] - 1;
  }

  /** The token that the merge of this rank makes. */
  mergedToken(rank: number): number {
    return this.#tokens[3 * rank + 2];
  }

  /** The slot of the merge, or the free slot where it belongs if it is not in the table. */
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

/**
 * Where the two parts of a merge are in a buffer: the first one before `middle`, the second one from there to `length`.
 */
interface Parts {
  middle: number;
  length: number;
}

function readPair(cursor: JsonCursor, units: Uint16Array): Parts {
  const middle = cursor.readString(units, 0);
  cursor.expect(Json.COMMA);
  const length = cursor.readString(units, middle);
  cursor.expect(Json.CLOSE_BRACKET);
  return { middle, length };
}

function readSpaced(cursor: JsonCursor, units: Uint16Array): Parts {
  const end = cursor.readString(units, 0);
  const middle = units.subarray(0, end).indexOf(SPACE);
  if (middle < 0 || units.subarray(middle + 1, end).includes(SPACE))
    throw new RangeError('A merge is not two tokens with one space between them');
  units.copyWithin(middle, middle + 1, end);
  return { middle, length: end - 1 };
}
