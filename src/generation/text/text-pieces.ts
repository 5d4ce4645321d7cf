import { IncrementalDetokenizer } from '../../tokenizer/incremental-detokenizer.ts';
import type { TextTokenizer } from '../../tokenizer/text-tokenizer.ts';
import type { DecodedToken } from '../decode.ts';
import { StopStrings } from './stop-strings.ts';

export type FinishReason = 'stop' | 'length';

/** A token and its place in the completion's text. */
export interface PlacedToken extends DecodedToken {
  /** Where the token's text begins, in UTF-16 units from the beginning of the completion. */
  offset: number;
}

/** Text that no later token can change, and the tokens whose text is wholly in the pieces so far. */
export interface TextPiece {
  text: string;
  tokens: PlacedToken[];
  /** Why the completion ends; only the last piece has it. */
  finishReason?: FinishReason;
  /** How many tokens have been decoded so far, including those of a stop string and the EOS token. */
  completionTokens: number;
}

/**
 * Turns decoded tokens into text, and holds back half characters and whatever may become a stop string. Tokens come
 * out together with the text that they belong to; tokens after a stop string do not come out at all.
 * @param prompt if it consists of special tokens only, the completion begins a text, and its leading space is
 *   stripped as at any beginning
 */
export async function* textPieces(
  tokens: AsyncIterable<DecodedToken>,
  tokenizer: TextTokenizer,
  stops: readonly string[],
  prompt: readonly number[] = [],
): AsyncGenerator<TextPiece> {
  const detokenizer = new IncrementalDetokenizer(tokenizer, prompt);
  const stopStrings = new StopStrings(stops);
  const waiting = new WaitingTokens();
  let released = 0;
  let completionTokens = 0;

  const piece = (decoded: string, last: FinishReason | undefined): TextPiece => {
    const { text, stopped } = stopStrings.push(decoded);
    const rest = last && !stopped ? stopStrings.flush() : '';
    released += text.length + rest.length;
    if (stopped) return { text, tokens: waiting.takeStartedBefore(released), finishReason: 'stop', completionTokens };
    return { text: text + rest, tokens: last ? waiting.takeAll() : waiting.takeEndedBy(released), finishReason: last, completionTokens };
  };

  for await (const token of tokens) {
    completionTokens++;
    const decoded = token.endOfSequence ? detokenizer.flush() : detokenizer.push(token.id);
    waiting.add(token, decoded, token.endOfSequence || tokenizer.isSpecial(token.id));
    const next = piece(decoded, token.endOfSequence ? 'stop' : undefined);
    if (next.text !== '' || next.tokens.length > 0 || next.finishReason) yield next;
    if (next.finishReason) return;
  }
  yield piece(detokenizer.flush(), 'length');
}

/** Tokens whose text has not been released completely. */
class WaitingTokens {
  #tokens: { token: PlacedToken; end: number }[] = [];
  #length = 0;

  /**
   * @param text what this token made certain: its own text, with the beginning of its first character if earlier
   *   tokens held it; empty if the token ends inside a character
   * @param standsForNoText is true for special tokens
   */
  add(token: DecodedToken, text: string, standsForNoText: boolean): void {
    const offset = standsForNoText ? this.#length + text.length : this.#length;
    this.#length += text.length;
    // A token that ends inside a character gets its end from the later token that completes the character.
    if (text !== '') for (const inside of this.#tokens) inside.end = Math.min(inside.end, this.#length);
    this.#tokens.push({ token: { ...token, offset }, end: text === '' && !standsForNoText ? Number.POSITIVE_INFINITY : this.#length });
  }

  takeEndedBy = (released: number) => this.#take(({ end }) => end <= released);
  takeStartedBefore = (released: number) => this.#take(({ token, end }) => token.offset < released || end <= released);
  takeAll = () => this.#take(() => true);

  #take(isReady: (waiting: { token: PlacedToken; end: number }) => boolean): PlacedToken[] {
    const waiting = this.#tokens.findIndex((token) => !isReady(token));
    return this.#tokens.splice(0, waiting === -1 ? this.#tokens.length : waiting).map(({ token }) => token);
  }
}
