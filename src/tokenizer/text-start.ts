import { decoderSteps } from './decoder-steps.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

/** What a decoder removes from the beginning of a text. */
export interface LeadingStrip {
  /** One character. */
  readonly content: string;
  /** How many of them are removed at most. */
  readonly count: number;
}

/** SentencePiece puts a space before every text, and its decoder removes it again. Other tokenizers do neither. */
export function leadingStrip(tokenizer: TokenizerJson): LeadingStrip {
  const strip = decoderSteps(tokenizer).find((step) => step.type === 'Strip');
  return strip ? { content: strip.content, count: strip.start } : { content: '', count: 0 };
}

/** Removes the leading strip from one text that comes in pieces. Each text needs a new one. */
export class TextStart {
  readonly #content: string;
  #left: number;

  /** @param isStart false if the text continues another one, and so is kept as it is */
  constructor({ content, count }: LeadingStrip, isStart: boolean) {
    this.#content = content;
    this.#left = isStart ? count : 0;
  }

  /** The piece without what has to be removed of it. */
  push(piece: string): string {
    let at = 0;
    while (at < this.#left && piece[at] === this.#content) at++;
    // After any other character, nothing is removed any more.
    this.#left = at < piece.length ? 0 : this.#left - at;
    return piece.slice(at);
  }
}
