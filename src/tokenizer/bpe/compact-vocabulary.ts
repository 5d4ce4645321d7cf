import { MAX_VOCABULARY } from '../../core/limits.ts';
import { Json, type JsonCursor } from './json-cursor.ts';

/**
 * The longest spelling, in UTF-16 code units. A spelling is decoded as the arguments of one call, of which there may
 * not be too many. The longest spellings in use are runs of spaces, with 128.
 */
export const MAX_TOKEN_LENGTH = 2 ** 12;
/** The start of an id without a token. */
const NONE = 0xffffffff;

/**
 * A vocabulary in typed arrays with open addressing, in place of a string and two map entries for each token. It takes
 * 2 bytes for each character and 14 to 22 for each token. Spellings are stored in UTF-16, as in JavaScript's strings,
 * which keeps unpaired surrogates exact.
 */
export class CompactVocabulary {
  /**
   * All spellings, one after another. The spelling of `id` starts at `#starts[id]` and has `#lengths[id]` code units.
   */
  readonly #units: Uint16Array;
  readonly #starts: Uint32Array;
  readonly #lengths: Uint16Array;
  /**
   * The hash table: each slot holds an id + 1, or 0 if it is free. Its length is a power of two, and at most half of
   * the slots are in use.
   */
  readonly #slots: Int32Array;

  private constructor(units: Uint16Array, starts: Uint32Array, lengths: Uint16Array, count: number) {
    [this.#units, this.#starts, this.#lengths] = [units, starts, lengths];
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * count + 1)));
    for (let id = 0; id < starts.length; id++) {
      if (starts[id] === NONE) continue;
      const slot = this.#slotOf(units, starts[id], starts[id] + lengths[id]);
      if (this.#slots[slot] !== 0) throw new RangeError(`The token ${JSON.stringify(this.spelling(id))} occurs twice`);
      this.#slots[slot] = id + 1;
    }
  }

  /**
   * Reads `{"token": id, …}`.
   * @param byteLength size of the JSON in bytes, or more: no spelling has more code units than bytes
   * @throws SyntaxError if the JSON is something else
   * @throws RangeError if a token or an id occurs twice, or if an id or the length of a spelling is over its limit
   */
  static read(cursor: JsonCursor, byteLength: number): CompactVocabulary {
    const units = new Uint16Array(byteLength);
    let starts = new Uint32Array(1024);
    let lengths = new Uint16Array(1024);
    let [end, count, size] = [0, 0, 0];
    cursor.expect(Json.OPEN_BRACE);
    while (count === 0 ? !cursor.accept(Json.CLOSE_BRACE) : cursor.accept(Json.COMMA)) {
      const start = end;
      end = cursor.readString(units, start);
      cursor.expect(Json.COLON);
      const id = cursor.readInteger();
      if (!(id < MAX_VOCABULARY && end - start <= MAX_TOKEN_LENGTH))
        throw new RangeError(`The id ${id} or the length of its token is over the limit`);
      if (id >= size) {
        starts = grow(starts, id).fill(NONE, size, id + 1);
        lengths = grow(lengths, id);
        size = id + 1;
      }
      if (starts[id] !== NONE) throw new RangeError(`The id ${id} occurs twice`);
      starts[id] = start;
      lengths[id] = end - start;
      count++;
    }
    if (count > 0) cursor.expect(Json.CLOSE_BRACE);
    return new CompactVocabulary(units.slice(0, end), starts.slice(0, size), lengths.slice(0, size), count);
  }

  /** One more than the largest id. */
  get size(): number {
    return this.#starts.length;
  }

  /** The id of the token that is spelled as `units` from `start` to `end`; -1 if there is none. */
  find(units: Uint16Array, start: number, end: number): number {
    return this.#slots[this.#slotOf(units, start, end)] - 1;
  }

  /** The id of the token that is spelled `text`; -1 if there is none. */
  findText(text: string): number {
    return this.find(
      Uint16Array.from({ length: text.length }, (_, at) => text.charCodeAt(at)),
      0,
      text.length,
    );
  }

  /** The spelling of `id`; empty for an id without a token. */
  spelling(id: number): string {
    const start = this.#starts[id] ?? NONE;
    return start === NONE ? '' : String.fromCharCode(...this.#units.subarray(start, start + this.#lengths[id]));
  }

  /** The slot of the token, or the free slot where it belongs if it is not in the table. The hash is FNV-1a. */
  #slotOf(units: Uint16Array, start: number, end: number): number {
    const slots = this.#slots;
    let hash = 0x811c9dc5;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ units[at], 0x01000193);
    let slot = (hash ^ (hash >>> 15)) & (slots.length - 1);
    while (slots[slot] !== 0 && !this.#isToken(slots[slot] - 1, units, start, end)) slot = (slot + 1) & (slots.length - 1);
    return slot;
  }

  #isToken(id: number, other: Uint16Array, start: number, end: number): boolean {
    const units = this.#units;
    let unit = this.#starts[id];
    if (this.#lengths[id] !== end - start) return false;
    for (let at = start; at < end; at++) if (units[unit++] !== other[at]) return false;
    return true;
  }
}

/** Makes room for `index`: returns `array` itself, or a copy of at least twice its length if the array is too short. */
export function grow<T extends Int32Array | Uint32Array | Uint16Array>(array: T, index: number): T {
  if (index < array.length) return array;
  const larger = new (array.constructor as new (length: number) => T)(Math.max(2 * array.length, index + 1));
  larger.set(array);
  return larger;
}
