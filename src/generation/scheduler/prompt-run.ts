import type { Decoder, Feed, Sequence } from '../../core/decoder.ts';
import { GptEdgeError } from '../../core/errors.ts';
import type { Logits } from '../../core/logits.ts';
import type { Choice } from '../choice.ts';
import type { StopCause } from '../text/text-pieces.ts';
import type { TokenWork } from '../token-work.ts';
import { ChoiceRun } from './choice-run.ts';
import type { Job } from './job.ts';
import { Run } from './run.ts';
import type { SequenceTask } from './sequence-task.ts';
import { Stem } from './stem.ts';

/** What a request wants of one prompt. */
export interface PromptTask extends SequenceTask {
  /** Token ids, at least one. */
  readonly tokens: readonly number[];
  /**
   * The index of the first token after which the logits are wanted, by what is known when the prompt begins, or begins
   * anew. They are wanted after all that follow, too; there may be none.
   */
  readonly firstRead: () => number;
  /** Another prompt of the request, by its place in the list, that begins with as many of the same tokens: it goes first. */
  readonly leader?: { readonly index: number; readonly tokens: number };
  /**
   * Gets these logits, once each and in order, with the index of the token before them. With those after the last token
   * it also makes each choice choose its first token.
   */
  readonly read: (logits: Logits, index: number) => void;
  /** Gets the hidden states in place of the logits, if that is what is wanted of the prompt. */
  readonly readHidden?: (hidden: Float32Array, index: number) => void;
  /** Multiply-adds that take as long as reading once. */
  readonly readWork: (index: number) => number;
  /** The continuations of the prompt that have no token yet. */
  readonly choices: readonly Choice[];
  /** Those that were begun elsewhere. They compute the prompt for themselves, as far as it is not in the cache. */
  readonly begun?: readonly Choice[];
  /** Longer prompts that begin with this one, and go on from what was computed of it. It is called once that is so. */
  readonly branches?: () => readonly PromptTask[];
}

/**
 * Makes the runs of a request: one for each prompt, unless all of its choices were begun elsewhere, and one for each of
 * those.
 */
export function promptRuns(job: Job<Run>, tasks: readonly PromptTask[]): Run[] {
  const runs: (PromptRun | undefined)[] = tasks.map((task) => {
    const isRead = task.choices.length > 0 || (task.begun ?? []).length === 0;
    return isRead ? new PromptRun(job, task, () => task.leader && runs[task.leader.index]) : undefined;
  });
  return tasks.flatMap((task, index) => {
    const begun = (task.begun ?? []).filter(({ isFinished }) => !isFinished);
    const going = begun.map((choice) => new ChoiceRun(job, choice, task, null));
    return [...(runs[index] ? [runs[index]] : []), ...going];
  });
}

/** Computes a prompt, and begins its choices. */
export class PromptRun extends Run {
  readonly #task: PromptTask;
  /** The index of the token whose logits are to be read next. */
  #nextRead = 0;
  #hasBegun = false;
  /** Whether it goes on from another prompt of its own request, so that what it finds in the cache is no gain. */
  readonly #isBranch: boolean;
  readonly #leader: () => PromptRun | undefined;
  /** How many of the tokens have been in the KV cache at some time. */
  #reached = 0;

  /**
   * @param leader gives the run of the task's leader
   * @param stem the prompt that it goes on from
   */
  constructor(job: Job<Run>, task: PromptTask, leader: () => PromptRun | undefined, stem: Stem | null = null) {
    super(job, task.tokens, task, stem);
    this.#task = task;
    this.#leader = leader;
    this.#isBranch = stem !== null;
    if (stem) this.#nextRead = task.firstRead();
  }

  readonly isDecoding = false;

  /** Whether another prompt of the request is about to compute what this one begins with. */
  get isPaused(): boolean {
    const leader = this.#hasBegun ? undefined : this.#leader();
    return leader !== undefined && leader.#reached < this.#task.leader!.tokens;
  }

  get mostTokens(): number {
    return this.tokens.length + Math.max(0, ...this.#task.choices.map(({ tokensLeft }) => tokensLeft));
  }

  override open(decoder: Decoder): Sequence | null {
    this.#nextRead = this.#task.firstRead();
    return super.open(decoder);
  }

  /** What is in the cache gives no logits, so it may only reach up to the first token whose logits are wanted. */
  protected get reusable(): number {
    return this.#nextRead + 1;
  }

  override begin(sequence: Sequence): void {
    super.begin(sequence);
    // What a preempted prompt finds again of its own is no gain.
    if (!this.#hasBegun && !this.#isBranch) this.job.figures.cachedTokens += sequence.length;
    this.#hasBegun = true;
    this.#reached = Math.max(this.#reached, sequence.length);
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
    const { read, readHidden } = this.#task;
    const onRow =
      <T>(take: (values: T, index: number) => void) =>
      (values: T, row: number) => {
        take(values, first + row);
        this.#nextRead = first + row + 1;
      };
    return {
      tokens: this.tokens.slice(start, end),
      rows: Math.max(0, end - first),
      read: onRow(read),
      readHidden: readHidden && onRow(readHidden),
    };
  }

  stop(cause: StopCause): void {
    if (this.#task.choices.length === 0) throw new GptEdgeError('timeout', 'The prompt takes more CPU time than CPU_BUDGET_MS allows.');
    for (const choice of this.#task.choices) choice.stop(cause);
  }

  settle(): readonly Run[] {
    this.#reached = Math.max(this.#reached, this.sequence!.length);
    if (this.pending > 0) return [this];
    if (this.job.speculates) for (const choice of this.#task.choices) choice.jumpAhead();
    const choices = this.#task.choices.filter(({ isFinished }) => !isFinished);
    const branches = this.#task.branches?.() ?? [];
    const sequence = this.handOver();
    const stem = new Stem(sequence, choices.length + branches.length);
    const runs = [
      ...choices.map((choice) => new ChoiceRun(this.job, choice, this.#task, stem)),
      ...branches.map((branch) => new PromptRun(this.job, branch, () => undefined, stem)),
    ];
    // The only one goes on at once.
    if (runs.length === 1) runs[0].begin(sequence);
    return runs;
  }
}
