import type { Feed } from '../../core/decoder.ts';
import type { Choice } from '../choice.ts';
import { DraftLength } from '../speculation/draft-length.ts';
import { PromptLookup } from '../speculation/prompt-lookup.ts';
import type { StopCause } from '../text/text-pieces.ts';
import type { TokenWork } from '../token-work.ts';
import type { Job } from './job.ts';
import { Run } from './run.ts';
import type { SequenceTask } from './sequence-task.ts';
import type { Stem } from './stem.ts';

/**
 * Tokens that a choice may be ahead of its reader. Then it pauses: whoever does not read holds no more than this, and a
 * reader that pauses for a moment still finds text to read.
 */
export const MAX_UNREAD_TOKENS = 64;

/** Decodes one choice, token by token. */
export class ChoiceRun extends Run {
  readonly #choice: Choice;
  /** Made for the first draft. */
  #lookup: PromptLookup | null = null;
  readonly #draftLength = new DraftLength();
  /** How many tokens came before the one that was chosen last, and those that were certain after it. */
  #read: number;
  /** Whether the last draft was no guess. */
  #isCertain = false;
  /** Takes note of what became of the last draft. */
  #verified = () => {};

  /**
   * @param choice has chosen its first token, and has perhaps taken some that are certain
   * @param stem null if it was begun elsewhere, and computes its past by itself
   */
  constructor(job: Job<Run>, choice: Choice, task: SequenceTask, stem: Stem | null) {
    super(job, [...choice.request.prompt, ...choice.generated], task, stem);
    this.#choice = choice;
    this.#read = stem ? choice.request.prompt.length : this.tokens.length - 1;
  }

  get isDecoding(): boolean {
    return this.sequence !== null && this.sequence.length >= this.#read;
  }

  get isPaused(): boolean {
    return this.#choice.unread >= MAX_UNREAD_TOKENS;
  }

  get mostTokens(): number {
    return this.#choice.request.prompt.length + this.#choice.request.maxTokens;
  }

  protected get reusable(): number {
    return this.tokens.length;
  }

  work(count: number, work: TokenWork): number {
    const choosing = count === this.pending ? work.choose(this.tokens.length, this.#choice.request) : 0;
    return work.feed(this.sequence!.length, count, this.task.adapter) + choosing;
  }

  draft(cost: number): readonly number[] {
    // Here are some only if their logits are wanted.
    const certain = this.#choice.certain();
    this.#isCertain = certain.length > 0;
    if (this.#isCertain) return certain;
    const { prompt, prediction } = this.#choice.request;
    if (this.#lookup === null) {
      this.#lookup = new PromptLookup(prompt, prediction);
      for (const token of this.#choice.generated) this.#lookup.push(token);
    }
    // The token after the last one that is accepted is chosen as well.
    const most = Math.min(this.#draftLength.length(cost), this.#choice.tokensLeft - 1);
    return most > 0 ? this.#lookup.draft(most) : [];
  }

  feed(count: number, drafted: readonly number[]): Omit<Feed, 'sequence'> {
    const start = this.sequence!.length;
    const isRead = count === this.pending;
    let accepted = 0;
    this.#verified = () => this.#record(drafted.length, accepted);
    return {
      tokens: [...this.tokens.slice(start, start + count), ...drafted],
      rows: isRead ? 1 + drafted.length : 0,
      wanted: isRead ? this.#choice.readable(drafted) : undefined,
      read: (logits, row) => {
        // Rows after a token that was drafted wrong have the logits of another text.
        if (row > accepted || this.#choice.isFinished) return;
        this.#read = this.tokens.length;
        const id = this.#choice.choose(logits);
        this.#push(id);
        if (drafted[row] === id) accepted++;
      },
    };
  }

  settle(): readonly Run[] {
    this.#verified();
    // What was drafted wrong is dropped. The token that was chosen last is pending.
    if (this.sequence!.length >= this.tokens.length) this.sequence!.truncate(this.tokens.length - 1);
    if (this.job.speculates) for (const id of this.#choice.jumpAhead()) this.#push(id);
    if (!this.#choice.isFinished) return [this];
    this.end();
    return [];
  }

  stop(cause: StopCause): void {
    this.#choice.stop(cause);
  }

  #push(id: number): void {
    this.tokens.push(id);
    this.#lookup?.push(id);
  }

  #record(drafted: number, accepted: number): void {
    if (drafted === 0 || this.#isCertain) return;
    this.#draftLength.record(drafted, accepted);
    this.job.figures.acceptedTokens += accepted;
    this.job.figures.rejectedTokens += drafted - accepted;
  }
}
