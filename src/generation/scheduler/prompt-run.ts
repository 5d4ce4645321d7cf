import type { Decoder, Feed, Sequence } from '../../core/decoder.ts';
import type { Logits } from '../../core/logits.ts';
import type { Choice } from '../choice.ts';
import type { ModelAdapter } from '../language-model.ts';
import type { TokenWork } from '../token-work.ts';
import { ChoiceRun } from './choice-run.ts';
import type { Job } from './job.ts';
import { Run } from './run.ts';
import { Stem } from './stem.ts';

/** What decides which sequences of a model are alike. */
export interface SequenceTask {
  /** Sequences share what they have computed within a partition only. */
  readonly partition: string;
  /** What is added to the model for them. Default: nothing */
  readonly adapter?: ModelAdapter;
}

/** What a request wants of one prompt. */
export interface PromptTask extends SequenceTask {
  /** Token ids, at least one. */
  readonly tokens: readonly number[];
  /** The index of the first token after which the logits are wanted. They are always wanted after the last one. */
  readonly firstRead: number;
  /**
   * Gets these logits, once each and in order, with the index of the token before them. With those after the last token
   * it also makes each choice choose its first token.
   */
  readonly read: (logits: Logits, index: number) => void;
  /** Multiply-adds that take as long as `read`. */
  readonly readWork: (index: number) => number;
  /** The continuations of the prompt. */
  readonly choices: readonly Choice[];
}

/** Computes a prompt, and begins its choices. */
export class PromptRun extends Run {
  readonly #task: PromptTask;
  /** The index of the token whose logits are to be read next. */
  #nextRead: number;
  #hasBegun = false;

  constructor(job: Job<Run>, task: PromptTask) {
    super(job, task.tokens);
    this.#task = task;
    this.#nextRead = task.firstRead;
  }

  readonly isDecoding = false;
  readonly isPaused = false;
  readonly spare = null;

  get mostTokens(): number {
    return this.tokens.length + Math.max(0, ...this.#task.choices.map(({ tokensLeft }) => tokensLeft));
  }

  open(decoder: Decoder): Sequence {
    // What is in the cache gives no logits, so it may only reach up to the first token whose logits are wanted.
    const tokens = this.tokens.slice(0, this.#nextRead + 1);
    return decoder.createSequence({ tokens, partition: this.#task.partition, adapter: this.#task.adapter?.name });
  }

  override begin(sequence: Sequence): void {
    super.begin(sequence);
    // What a preempted prompt finds again of its own is no gain.
    if (!this.#hasBegun) this.job.figures.cachedTokens += sequence.length;
    this.#hasBegun = true;
  }

  work(count: number, work: TokenWork): number {
    const start = this.sequence!.length;
    const end = start + count;
    let reading = 0;
    for (let index = Math.max(start, this.#nextRead); index < end; index++) reading += this.#task.readWork(index);
    return work.feed(start, count, this.#task.adapter) + reading;
  }

  draft(): readonly number[] {
    return [];
  }

  feed(count: number): Omit<Feed, 'sequence'> {
    const start = this.sequence!.length;
    const end = start + count;
    const first = Math.max(start, this.#nextRead);
    return {
      tokens: this.tokens.slice(start, end),
      rows: Math.max(0, end - first),
      read: (logits, row) => {
        this.#task.read(logits, first + row);
        this.#nextRead = first + row + 1;
      },
    };
  }

  settle(): readonly Run[] {
    if (this.pending > 0) return [this];
    const choices = this.#task.choices.filter(({ isFinished }) => !isFinished);
    const sequence = this.handOver();
    const stem = new Stem(sequence, choices.length);
    const runs = choices.map((choice) => new ChoiceRun(this.job, choice, this.#task, stem));
    // The only choice goes on at once.
    if (runs.length === 1) runs[0].begin(sequence);
    return runs;
  }
}
