import type { TextStart } from './text-start.ts';
import type { TextTokenizer } from './text-tokenizer.ts';

/**
 * Turns token ids into text, one by one as they come. If a token ends in the middle of a character, its bytes wait for
 * the rest of it. So no piece shows half a character, and all pieces together equal the text that `decode` gives.
 * @example
 * ```ts
 * const detokenizer = new IncrementalDetokenizer(tokenizer, promptIds);
 * for await (const id of ids) process.stdout.write(detokenizer.push(id));
 * process.stdout.write(detokenizer.flush());
 * ```
 */
export class IncrementalDetokenizer {
  readonly #tokenizer: TextTokenizer;
  readonly #utf8 = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });
  readonly #start: TextStart;
  /** Whether `#utf8` may hold bytes of an incomplete character. */
  #isInside = false;

  /**
   * @param before the tokens that the text continues, such as a prompt's. A space after them is part of the text. If
   *   there are none, or only special tokens, the leading space is removed where `decode` would remove it.
   */
  constructor(tokenizer: TextTokenizer, before: readonly number[] = []) {
    this.#tokenizer = tokenizer;
    this.#start = tokenizer.textStart(before);
  }

  /** The text that this token completes; empty for a special token, and while a character is incomplete. */
  push(id: number): string {
    if (this.#tokenizer.isSpecial(id)) return '';
    const bytes = this.#tokenizer.bytes(id);
    // Most tokens are ASCII, and a call of the decoder takes longer than all else here.
    return this.#start.push(!this.#isInside && isAscii(bytes) ? String.fromCharCode(...bytes) : this.#decode(bytes));
  }

  #decode(bytes: Uint8Array): string {
    if (bytes.length > 0) this.#isInside = bytes[bytes.length - 1] > LAST_ASCII;
    return this.#utf8.decode(bytes, { stream: true });
  }

  /** Call this after the last token. @returns U+FFFD if a character is still incomplete, else an empty string */
  flush(): string {
    this.#isInside = false;
    return this.#start.push(this.#utf8.decode());
  }
}

const LAST_ASCII = 0x7f;

function isAscii(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte > LAST_ASCII) return false;
  return true;
}
