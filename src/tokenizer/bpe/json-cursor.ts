const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The structural characters of JSON, as bytes. */
export const Json = { COMMA: 0x2c, COLON: 0x3a, OPEN_BRACE: 0x7b, CLOSE_BRACE: 0x7d, OPEN_BRACKET: 0x5b, CLOSE_BRACKET: 0x5d } as const;

const isSpace = (byte: number) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39;

/** The characters of numbers, true, false and null: letters, digits, plus, minus and point. */
const isWord = (byte: number) =>
  isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a) || byte === 0x2b || byte === 0x2d || byte === 0x2e;

/**
 * Reads a JSON text piece by piece, as its caller expects it to be. Large tables go straight into typed arrays this
 * way, while JSON.parse would first make objects of ten times their size. All methods throw SyntaxError for anything
 * unexpected. They need not accept all valid JSON, because the caller then falls back to JSON.parse.
 */
export class JsonCursor {
  readonly #bytes: Uint8Array;
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  #at: number;

  /** @param bytes the text in UTF-8 */
  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** Offset of the next value or structural character, in bytes. */
  get at(): number {
    while (isSpace(this.#bytes[this.#at])) this.#at++;
    return this.#at;
  }

  /** Offset after the last one that was read, in bytes. */
  get end(): number {
    return this.#at;
  }

  /** Steps over `byte`, which has to come next. */
  expect(byte: number): void {
    if (!this.accept(byte)) throw this.#unexpected();
  }

  /** Steps over `byte` if it comes next. @returns whether it does */
  accept(byte: number): boolean {
    const isNext = this.#bytes[this.at] === byte;
    if (isNext) this.#at++;
    return isNext;
  }

  /** The keys of an object. After each key, the caller has to step over the value. */
  *keys(): Generator<string> {
    this.expect(Json.OPEN_BRACE);
    if (this.accept(Json.CLOSE_BRACE)) return;
    do {
      const start = this.at;
      this.#skipString();
      const key = this.#parse(start);
      this.expect(Json.COLON);
      yield key;
    } while (this.accept(Json.COMMA));
    this.expect(Json.CLOSE_BRACE);
  }

  /**
   * Reads a string and writes it in UTF-16 into `units`, from `start` on. Code units without room there are lost.
   * @returns the end of the string in `units`
   */
  readString(units: Uint16Array, start: number): number {
    const bytes = this.#bytes;
    let at = this.at;
    if (bytes[at++] !== QUOTE) throw this.#unexpected();
    for (let end = start; ; end++) {
      const byte = bytes[at];
      if (byte === QUOTE) {
        this.#at = at + 1;
        return end;
      }
      if (byte >= 0x20 && byte < 0x80 && byte !== BACKSLASH) {
        units[end] = byte;
        at++;
      } else if (byte >= 0xc2 && byte < 0xe0 && (bytes[at + 1] & 0xc0) === 0x80) {
        units[end] = ((byte & 0x1f) << 6) | (bytes[at + 1] & 0x3f);
        at += 2;
      } else return this.#readOtherString(units, start);
    }
  }

  /** Reads a whole number without a sign. @returns NaN for any other value, which is not read */
  readInteger(): number {
    let at = this.at;
    let value = isDigit(this.#bytes[at]) ? 0 : Number.NaN;
    while (isDigit(this.#bytes[at])) value = 10 * value + this.#bytes[at++] - 0x30;
    if (this.#bytes[this.#at] === 0x30 && at > this.#at + 1) return Number.NaN;
    this.#at = at;
    return value;
  }

  /** Steps over a value of any kind, without checking what is in it. */
  skipValue(): void {
    let depth = 0;
    do {
      const byte = this.#bytes[this.at];
      if (byte === QUOTE) this.#skipString();
      else if (byte === Json.OPEN_BRACE || byte === Json.OPEN_BRACKET) this.#skipOne(++depth);
      else if (byte === Json.CLOSE_BRACE || byte === Json.CLOSE_BRACKET) this.#skipOne(--depth);
      else if (depth > 0 && (byte === Json.COMMA || byte === Json.COLON)) this.#skipOne(depth);
      else this.#skipWord();
    } while (depth > 0);
  }

  #skipOne(depth: number): void {
    if (depth < 0) throw this.#unexpected();
    this.#at++;
  }

  /** Steps over a number, true, false or null. */
  #skipWord(): void {
    const start = this.#at;
    while (isWord(this.#bytes[this.#at])) this.#at++;
    if (this.#at === start) throw this.#unexpected();
  }

  #skipString(): void {
    const bytes = this.#bytes;
    let at = this.#at;
    if (bytes[at++] !== QUOTE) throw this.#unexpected();
    while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
    this.#at = at;
    if (at >= bytes.length) throw this.#unexpected();
    this.#at++;
  }

  /** Reads a string with escapes or with characters of more than two bytes, or an invalid one. */
  #readOtherString(units: Uint16Array, start: number): number {
    const open = this.#at;
    this.#skipString();
    const text = this.#parse(open);
    for (let at = 0; at < text.length; at++) units[start + at] = text.charCodeAt(at);
    return start + text.length;
  }

  #parse(start: number): string {
    return JSON.parse(this.#utf8.decode(this.#bytes.subarray(start, this.#at)));
  }

  #unexpected(): SyntaxError {
    return new SyntaxError(`Unexpected JSON at byte ${this.#at}`);
  }
}
