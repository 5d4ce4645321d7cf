import { MAX_VOCABULARY } from '../../core/limits.ts';
import { grow } from './grow.ts';
import { Json, type JsonCursor } from './json-cursor.ts';

/** Of one entry; it is spelled through one call's arguments. The longest in use, runs of spaces, have 128. */
export const MAX_TOKEN_LENGTH = 2 ** 12;
/** A start where an id has no entry. */
const NONE = 0xffffffff;

/**
 * A vocabulary in typed arrays instead of a string and two map entries for each token: 2 bytes a character and 14 to 22 a token.
 * Spellings are UTF-16 as JavaScript's strings, so that lone surrogates stay exact; they are found by open addressing.
 */
export class CompactVocabulary {
  /** All spellings one behind the other; that of `id` is at `#starts[id]`, `#lengths[id]` long. */
  readonly #units: Uint16Array;
  readonly #starts: Uint32Array;
  readonly #lengths: Uint16Array;
  /** Ids + 1 by hash; 0 is free. A power of two, at most half of it in use. */
  readonly #slots: Int32Array;

  private constructor(units: Uint16Array, starts: Uint32Array, lengths: Uint16Array, count: number) {
    [this.#units, this.#starts, this.#lengths] = [units, starts, lengths];
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * count + 1)));
    for (let id = 0; id < starts.length; id++) {
      if (starts[id] === NONE) continue;
      const slot = this.#slotOf(units, starts[id], starts[id] + lengths[id]);
      if (this.#slots[slot] !== 0) throw new RangeError(`The token ${JSON.stringify(this.spelling(id))} comes twice`);
      this.#slots[slot] = id + 1;
    }
  }

  /**
   * Reads `{"token": id, …}`.
   * @param byteLength that the JSON takes at most
   * @throws SyntaxError where there is something else
   * @throws RangeError for what this cannot hold: tokens or ids that come twice, ids or lengths over their caps
   */
  static read(cursor: JsonCursor, byteLength: number): CompactVocabulary {
    const units = new Uint16Array(byteLength);
    let starts = new Uint32Array(1024);
    let lengths = new Uint16Array(1024);
    let [end, count, size] = [0, 0, 0];
    cursor.take(Json.OPEN_BRACE);
    while (count === 0 ? !cursor.takes(Json.CLOSE_BRACE) : cursor.takes(Json.COMMA)) {
      const start = end;
      end = cursor.string(units, start);
      cursor.take(Json.COLON);
      const id = cursor.integer();
      if (!(id < MAX_VOCABULARY && end - start <= MAX_TOKEN_LENGTH)) throw new RangeError(`The token with id ${id} is over a cap`);
      if (id >= size) {
        starts = grow(starts, id).fill(NONE, size, id + 1);
        lengths = grow(lengths, id);
        size = id + 1;
      }
      if (starts[id] !== NONE) throw new RangeError(`The id ${id} comes twice`);
      starts[id] = start;
      lengths[id] = end - start;
      count++;
    }
    if (count > 0) cursor.take(Json.CLOSE_BRACE);
    return new CompactVocabulary(units.slice(0, end), starts.slice(0, size), lengths.slice(0, size), count);
  }

  /** The id of the token whose spelling `units` has from `start` to `end`; -1 where there is none. */
  find(units: Uint16Array, start: number, end: number): number {
    return this.#slots[this.#slotOf(units, start, end)] - 1;
  }

  /** The id of the token that is spelled `text`; -1 where there is none. */
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

  /** Where the token is, or else where it would be put. */
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
