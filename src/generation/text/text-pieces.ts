import { IncrementalDetokenizer } from '../../tokenizer/incremental-detokenizer.ts';
import type { TextTokenizer } from '../../tokenizer/text-tokenizer.ts';
import type { DecodedToken } from '../decode.ts';
import { StopStrings } from './stop-strings.ts';

export type FinishReason = 'stop' | 'length';

/** A token and the place where what it adds begins, in UTF-16 units from the completion's beginning. */
export interface PlacedToken extends DecodedToken {
  offset: number;
}

/** Text that is certain, and the tokens that are wholly in it. The last piece of a completion has a finish reason. */
export interface TextPiece {
  text: string;
  tokens: PlacedToken[];
  finishReason?: FinishReason;
  /** Tokens decoded so far, those of a stop string and the EOS token included. */
  completionTokens: number;
}

/**
 * Turns decoded tokens into text, holding back half characters and what may become a stop string. Tokens come out with
 * the text they belong to; those behind a stop string do not come out at all. Behind a `prompt` of special tokens alone
 * the text is a whole one.
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
  let shown = 0;
  let completionTokens = 0;

  const piece = (decoded: string, last: FinishReason | undefined): TextPiece => {
    const { text, stopped } = stopStrings.push(decoded);
    const rest = last && !stopped ? stopStrings.flush() : '';
    shown += text.length + rest.length;
    if (stopped) return { text, tokens: waiting.takeStartedBefore(shown), finishReason: 'stop', completionTokens };
    return { text: text + rest, tokens: last ? waiting.takeAll() : waiting.takeEndedBy(shown), finishReason: last, completionTokens };
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

/** Tokens whose text is not all shown yet. */
class WaitingTokens {
  #tokens: { token: PlacedToken; end: number }[] = [];
  #length = 0;

  /** `text` is what became certain with the token: its own and the beginning of its character; empty inside of one. */
  add(token: DecodedToken, text: string, standsForNoText: boolean): void {
    const offset = standsForNoText ? this.#length + text.length : this.#length;
    this.#length += text.length;
    // A token inside a character ends where the character does, which only a later token tells.
    if (text !== '') for (const inside of this.#tokens) inside.end = Math.min(inside.end, this.#length);
    this.#tokens.push({ token: { ...token, offset }, end: text === '' && !standsForNoText ? Number.POSITIVE_INFINITY : this.#length });
  }

  takeEndedBy = (shown: number) => this.#take(({ end }) => end <= shown);
  takeStartedBefore = (shown: number) => this.#take(({ token, end }) => token.offset < shown || end <= shown);
  takeAll = () => this.#take(() => true);

  #take(isReady: (waiting: { token: PlacedToken; end: number }) => boolean): PlacedToken[] {
    const waiting = this.#tokens.findIndex((token) => !isReady(token));
    return this.#tokens.splice(0, waiting === -1 ? this.#tokens.length : waiting).map(({ token }) => token);
  }
}
