import { IncrementalDetokenizer } from '../../tokenizer/incremental-detokenizer.ts';
import type { TextTokenizer } from '../../tokenizer/text-tokenizer.ts';
import type { ScoredToken } from '../sampling/log-probabilities.ts';
import { StopStrings } from './stop-strings.ts';

export type FinishReason = 'stop' | 'length';

/** `cpu_budget`: the CPU time that the deployment gives a request was spent. */
export type StopCause = 'cpu_budget';

/** A token of a completion, with its score if log-probabilities were asked for. */
export interface DecodedToken extends Partial<ScoredToken> {
  id: number;
  /** The model ends the text with this token. */
  endOfSequence: boolean;
}

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
  /** What has ended it before its text or its length did; its finish reason is then `length`. */
  stoppedBy?: StopCause;
  /** How many tokens have been decoded so far, including those of a stop string and the EOS token. */
  completionTokens: number;
  /** The sum of their log-probabilities, as far as these were asked for. */
  totalLogprob: number;
}

/**
 * Turns the decoded tokens of one choice into text, and holds back half characters and whatever may become a stop
 * string. Tokens come out together with the text that they belong to; tokens after a stop string do not come out at
 * all.
 */
export class TextPieces {
  readonly #tokenizer: TextTokenizer;
  readonly #detokenizer: IncrementalDetokenizer;
  readonly #stopStrings: StopStrings;
  readonly #waiting = new WaitingTokens();
  #released = 0;
  #completionTokens = 0;
  #totalLogprob = 0;

  /**
   * @param prompt if it consists of special tokens only, the completion begins a text, and its leading space is
   *   stripped as at any beginning
   */
  constructor(tokenizer: TextTokenizer, stops: readonly string[], prompt: readonly number[] = []) {
    this.#tokenizer = tokenizer;
    this.#detokenizer = new IncrementalDetokenizer(tokenizer, prompt);
    this.#stopStrings = new StopStrings(stops);
  }

  /**
   * Takes the next token.
   * @returns the text that it makes certain, with a finish reason if it is the last; undefined if there is none
   */
  push(token: DecodedToken): TextPiece | undefined {
    this.#completionTokens++;
    this.#totalLogprob += token.logprob ?? 0;
    const decoded = token.endOfSequence ? this.#detokenizer.flush() : this.#detokenizer.push(token.id);
    this.#waiting.add(token, decoded, token.endOfSequence || this.#tokenizer.isSpecial(token.id));
    const next = this.#piece(decoded, token.endOfSequence ? 'stop' : undefined);
    return next.text !== '' || next.tokens.length > 0 || next.finishReason ? next : undefined;
  }

  /** The last piece of a completion that ends with a token of its text: it may not have more, or its text is complete. */
  end(reason: FinishReason): TextPiece {
    return this.#piece(this.#detokenizer.flush(), reason);
  }

  #piece(decoded: string, last: FinishReason | undefined): TextPiece {
    const sums = { completionTokens: this.#completionTokens, totalLogprob: this.#totalLogprob };
    const { text, stopped } = this.#stopStrings.push(decoded);
    const rest = last && !stopped ? this.#stopStrings.flush() : '';
    this.#released += text.length + rest.length;
    const waiting = this.#waiting;
    if (stopped) return { text, tokens: waiting.takeStartedBefore(this.#released), finishReason: 'stop', ...sums };
    const tokens = last ? waiting.takeAll() : waiting.takeEndedBy(this.#released);
    return { text: text + rest, tokens, finishReason: last, ...sums };
  }
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
