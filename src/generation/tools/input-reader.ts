import { INPUT_OPENING } from '../../core/call-syntax.ts';

/** What stands before the text. */
const OPENING = `${INPUT_OPENING}"`;

/** The characters of a JSON string that are there as a whole: of an escaped surrogate pair, both halves. */
const CHARACTERS = /^(?:[^"\\]+|\\["\\/bfnrt]|\\u(?:[0-9a-cef][0-9a-f]{3}|d[0-7][0-9a-f]{2}|d[89ab][0-9a-f]{2}\\u[0-9a-f]{4}))*/i;

/**
 * Reads the text that a call has as its input, while the JSON of its arguments comes in pieces. An escape is held back
 * until it is whole. Takes time linear in the arguments.
 * @example
 * const reader = new InputReader();
 * reader.push('{"input": "a\\'); // 'a'
 * reader.push('nb"}'); // '\nb'
 */
export class InputReader {
  #held = '';
  #isOpen = false;

  /** @returns the next part of the text, which may be empty */
  push(json: string): string {
    this.#held += json;
    if (!this.#isOpen) {
      if (this.#held.length < OPENING.length) return '';
      this.#held = this.#held.slice(OPENING.length);
      this.#isOpen = true;
    }
    const [whole] = CHARACTERS.exec(this.#held)!;
    this.#held = this.#held.slice(whole.length);
    return JSON.parse(`"${whole}"`) as string;
  }
}
