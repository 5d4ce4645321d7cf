import type { TextStart } from './text-start.ts';
import type { TextTokenizer } from './text-tokenizer.ts';

/**
 * Token ids in, text out, as it becomes certain. A token may end in the middle of a character: its bytes wait for the
 * rest, so that half a character is never shown and the pieces together equal the text decoded at once.
 */
export class IncrementalDetokenizer {
  readonly #tokenizer: TextTokenizer;
  readonly #utf8 = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });
  readonly #start: TextStart;

  /**
   * @param before the tokens that the text goes on from, a prompt's: a space at the beginning of what follows is part of the text.
   *   Where there are none, or special ones only, it is the beginning that `decode` would strip.
   */
  constructor(tokenizer: TextTokenizer, before: readonly number[] = []) {
    this.#tokenizer = tokenizer;
    this.#start = tokenizer.textStart(before);
  }

  /** The text that `id` completes; empty for a special token and while a character is incomplete. */
  push(id: number): string {
    return this.#tokenizer.isSpecial(id) ? '' : this.#start.push(this.#utf8.decode(this.#tokenizer.bytes(id), { stream: true }));
  }

  /** What is left at the end: U+FFFD for a character that never got its rest. */
  flush(): string {
    return this.#start.push(this.#utf8.decode());
  }
}
