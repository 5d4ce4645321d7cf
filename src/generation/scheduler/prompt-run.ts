import type { Feed, Sequence } from '../../core/decoder.ts';
import type { Logits } from '../../core/logits.ts';
import type { Choice } from '../choice.ts';
import type { TokenWork } from '../token-work.ts';
import { ChoiceRun } from './choice-run.ts';
import type { Job } from './job.ts';
import { Run } from './run.ts';
import { Stem } from './stem.ts';

/** What a request wants of one prompt. */
export interface PromptTask {
  /** Token ids, at least one. */
  readonly tokens: readonly number[];
  /** Sequences share what they have computed within a partition only. */
  readonly partition: string;
  /**
   * The index of the first token after which the logits are wanted. They are wanted after all that follow, too; there
   * may be none.
   */
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
  /** Longer prompts that begin with this one, and go on from what was computed of it. It is called once that is so. */
  readonly branches?: () => readonly PromptTask[];
}

/** Computes a prompt, and begins its choices. */
export class PromptRun extends Run {
  readonly #task: PromptTask;
  /** The index of the token whose logits are to be read next. */
  #nextRead: number;
  /** Whether what it finds in the cache was computed for itself. */
  #ownsCached: boolean;

  /** @param stem the prompt that it goes on from */
  constructor(job: Job<Run>, task: PromptTask, stem: Stem | null = null) {
    super(job, task.tokens, task.partition, stem);
    this.#task = task;
    this.#nextRead = task.firstRead;
    this.#ownsCached = stem !== null;
  }

  readonly isDecoding = false;
  readonly isPaused = false;

  get mostTokens(): number {
    return this.tokens.length + Math.max(0, ...this.#task.choices.map(({ tokensLeft }) => tokensLeft));
  }

  /** What is in the cache gives no logits, so it may only reach up to the first token whose logits are wanted. */
  protected get reusable(): number {
    return this.#nextRead + 1;
  }

  override begin(sequence: Sequence): void {
    super.begin(sequence);
    // What a preempted prompt finds again of its own is no gain.
    if (!this.#ownsCached) this.job.figures.cachedTokens += sequence.length;
    this.#ownsCached = true;
  }

  work(count: number, work: TokenWork): number {
    const start = this.sequence!.length;
    const end = start + count;
    let reading = 0;
    for (let index = Math.max(start, this.#nextRead); index < end; index++) reading += this.#task.readWork(index);
    return work.feed(start, count) + reading;
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
    const { partition } = this.#task;
    const branches = this.#task.branches?.() ?? [];
    const sequence = this.handOver();
    const stem = new Stem(sequence, choices.length + branches.length);
    const runs = [
      ...choices.map((choice) => new ChoiceRun(this.job, choice, partition, stem)),
      ...branches.map((branch) => new PromptRun(this.job, branch, stem)),
    ];
    // The only one goes on at once.
    if (runs.length === 1) runs[0].begin(sequence);
    return runs;
  }
}
