import { decoderSteps } from './decoder-steps.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

/** What a decoder takes from a text's beginning: at most `count` times `content`. */
export interface LeadingStrip {
  readonly content: string;
  readonly count: number;
}

/** SentencePiece puts a space before every text, which its decoder takes away again; other tokenizers do neither. */
export function leadingStrip(tokenizer: TokenizerJson): LeadingStrip {
  const strip = decoderSteps(tokenizer)?.find((step) => step.type === 'Strip');
  return strip ? { content: strip.content, count: strip.start } : { content: '', count: 0 };
}

/** Takes what the decoder strips from a text that comes in pieces. Use a new one for each text. */
export class TextStart {
  readonly #content: string;
  #left: number;

  /** @param isStart false for a text that goes on from another one: all of it is kept */
  constructor({ content, count }: LeadingStrip, isStart: boolean) {
    this.#content = content;
    this.#left = isStart ? count : 0;
  }

  push(piece: string): string {
    let at = 0;
    while (at < this.#left && piece[at] === this.#content) at++;
    // Anything else ends what may be stripped.
    this.#left = at < piece.length ? 0 : this.#left - at;
    return piece.slice(at);
  }
}
