import { MAX_VOCABULARY } from '../model/limits.ts';

/** Of one entry; it is spelled through one call's arguments. The longest in use, runs of spaces, have 128. */
const MAX_ENTRY_LENGTH = 2 ** 12;

/**
 * A vocabulary in three typed arrays instead of a string and two map entries for each token: 2 bytes a character and
 * about 14 a token. Spellings are held as UTF-16, as JavaScript has them, so that lone surrogates stay exact; they are found by open
 * addressing.
 */
export class CompactVocabulary {
  /** All spellings one behind the other, by id; that of `id` is from `#starts[id]` to `#starts[id + 1]`. */
  readonly #units: Uint16Array;
  readonly #starts: Uint32Array;
  /** Ids + 1 by hash; 0 is free. A power of two, at most half of it in use. */
  readonly #slots: Int32Array;

  private constructor(spellings: readonly (string | undefined)[], count: number) {
    this.#starts = new Uint32Array(spellings.length + 1);
    for (let id = 0; id < spellings.length; id++) this.#starts[id + 1] = this.#starts[id] + (spellings[id]?.length ?? 0);
    this.#units = new Uint16Array(this.#starts[spellings.length]);
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * count + 1)));
    const units = this.#units;
    let unit = 0;
    for (let id = 0; id < spellings.length; id++) {
      const text = spellings[id];
      if (text === undefined) continue;
      for (let at = 0; at < text.length; at++) units[unit++] = text.charCodeAt(at);
      this.#slots[this.#slotOf(text, 0, text.length)] = id + 1;
    }
  }

  /** @returns null for what this cannot hold: ids that are no whole numbers, that come twice or beyond the cap, entries over the cap */
  static from(vocab: Readonly<Record<string, unknown>>): CompactVocabulary | null {
    const entries = Object.keys(vocab);
    const spellings: (string | undefined)[] = [];
    for (const entry of entries) {
      const id = vocab[entry];
      if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= MAX_VOCABULARY || entry.length > MAX_ENTRY_LENGTH) return null;
      while (spellings.length <= id) spellings.push(undefined);
      if (spellings[id] !== undefined) return null;
      spellings[id] = entry;
    }
    return new CompactVocabulary(spellings, entries.length);
  }

  /** The id of the entry that `text` is from `start` to `end`; -1 where there is none. */
  find(text: string, start = 0, end = text.length): number {
    return this.#slots[this.#slotOf(text, start, end)] - 1;
  }

  /** The spelling of `id`; empty for an id without an entry. */
  spelling(id: number): string {
    const end = this.#starts[id + 1] ?? 0;
    return String.fromCharCode(...this.#units.subarray(this.#starts[id], end));
  }

  /** Where the entry is, or else where it would be put. */
  #slotOf(text: string, start: number, end: number): number {
    const slots = this.#slots;
    let hash = 0x811c9dc5;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    let slot = (hash ^ (hash >>> 15)) & (slots.length - 1);
    while (slots[slot] !== 0 && !this.#isEntry(slots[slot] - 1, text, start, end)) slot = (slot + 1) & (slots.length - 1);
    return slot;
  }

  #isEntry(id: number, text: string, start: number, end: number): boolean {
    const units = this.#units;
    let unit = this.#starts[id];
    if (this.#starts[id + 1] - unit !== end - start) return false;
    for (let at = start; at < end; at++) if (units[unit++] !== text.charCodeAt(at)) return false;
    return true;
  }
}
