const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The bytes of JSON's own characters. */
export const Json = { COMMA: 0x2c, COLON: 0x3a, OPEN_BRACE: 0x7b, CLOSE_BRACE: 0x7d, OPEN_BRACKET: 0x5b, CLOSE_BRACKET: 0x5d } as const;

const isSpace = (byte: number) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39;

/** Letters, digits, plus, minus, point: of numbers, true, false and null. */
const isWord = (byte: number) =>
  isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a) || byte === 0x2b || byte === 0x2d || byte === 0x2e;

/**
 * Steps through a JSON text as the caller expects it to be, so that large tables go into typed arrays at once: JSON.parse makes objects of
 * ten times their size first. All methods throw SyntaxError for anything unexpected; JSON.parse then has the last word.
 */
export class JsonCursor {
  readonly #bytes: Uint8Array;
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  #at: number;

  /** @param bytes UTF-8 */
  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** Where the next value or character is. */
  get at(): number {
    while (isSpace(this.#bytes[this.#at])) this.#at++;
    return this.#at;
  }

  /** Where the last one ended. */
  get end(): number {
    return this.#at;
  }

  /** Steps over `byte`. */
  take(byte: number): void {
    if (!this.takes(byte)) throw this.#unexpected();
  }

  /** Steps over `byte` if it comes next. */
  takes(byte: number): boolean {
    const isNext = this.#bytes[this.at] === byte;
    if (isNext) this.#at++;
    return isNext;
  }

  /** The keys of an object. At each, the caller steps over the value. */
  *keys(): Generator<string> {
    this.take(Json.OPEN_BRACE);
    if (this.takes(Json.CLOSE_BRACE)) return;
    do {
      const start = this.at;
      this.#skipString();
      const key = this.#parse(start);
      this.take(Json.COLON);
      yield key;
    } while (this.takes(Json.COMMA));
    this.take(Json.CLOSE_BRACE);
  }

  /**
   * Writes a string's UTF-16 into `units` from `length` on. What has no room there is lost.
   * @returns its end there
   */
  string(units: Uint16Array, length: number): number {
    const bytes = this.#bytes;
    const start = this.at;
    if (bytes[start] !== QUOTE) throw this.#unexpected();
    let at = start + 1;
    for (let end = length; ; end++) {
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
      } else return this.#otherString(units, length);
    }
  }

  /** A whole number without sign; NaN for another one, which is not stepped over. */
  integer(): number {
    let at = this.at;
    let value = isDigit(this.#bytes[at]) ? 0 : Number.NaN;
    while (isDigit(this.#bytes[at])) value = 10 * value + this.#bytes[at++] - 0x30;
    if (this.#bytes[this.#at] === 0x30 && at > this.#at + 1) return Number.NaN;
    this.#at = at;
    return value;
  }

  /** Steps over any value, without looking at what is in it. */
  skip(): void {
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

  /** A number, true, false or null. */
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

  /** One with escapes or characters beyond two bytes, or a wrong one. */
  #otherString(units: Uint16Array, length: number): number {
    const start = this.#at;
    this.#skipString();
    const text = this.#parse(start);
    for (let at = 0; at < text.length; at++) units[length + at] = text.charCodeAt(at);
    return length + text.length;
  }

  #parse(start: number): string {
    return JSON.parse(this.#utf8.decode(this.#bytes.subarray(start, this.#at)));
  }

  #unexpected(): SyntaxError {
    return new SyntaxError(`Unexpected JSON at byte ${this.#at}`);
  }
}
