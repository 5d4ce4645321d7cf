import type { Decoder, Feed, Sequence } from '../../core/decoder.ts';
import type { StopCause } from '../text/text-pieces.ts';
import type { TokenWork } from '../token-work.ts';
import type { Job } from './job.ts';
import type { SequenceTask } from './sequence-task.ts';
import type { Stem } from './stem.ts';

/**
 * Tokens that a sequence shall hold, and what is done with the logits after them: a prompt, or a choice that goes on
 * behind it. Whatever is not computed yet is pending, be it a new prompt, the token that was chosen last, or all tokens
 * of a run that was preempted.
 */
export abstract class Run {
  readonly job: Job<Run>;
  /** All tokens so far, those of the prompt first. */
  readonly tokens: number[];
  /** The number of the last tick that computed something for it. */
  lastTick = 0;
  protected readonly task: SequenceTask;
  #sequence: Sequence | null = null;
  /** What it goes on from; null once it has begun, or if it begins by itself. */
  #stem: Stem | null;

  constructor(job: Job<Run>, tokens: readonly number[], task: SequenceTask, stem: Stem | null) {
    this.job = job;
    this.tokens = [...tokens];
    this.task = task;
    this.#stem = stem;
  }

  /** Holds a beginning of the tokens; null while the run waits for room. */
  get sequence(): Sequence | null {
    return this.#sequence;
  }

  /** How many of the tokens still have to be computed. */
  get pending(): number {
    return this.tokens.length - (this.#sequence?.length ?? 0);
  }

  /** Whether only the token is pending that was chosen last, and those that were certain after it. */
  abstract get isDecoding(): boolean;

  /** Whether it must not go on for now, because its reader is too far behind. */
  abstract get isPaused(): boolean;

  /** The most tokens that it may ever hold. */
  abstract get mostTokens(): number;

  /** How many of its tokens may be taken from the KV cache, with their logits unknown. */
  protected abstract get reusable(): number;

  /** What is held only so that this run and others can begin without computing their past. */
  get spare(): Stem | null {
    return this.#stem?.sequence ? this.#stem : null;
  }

  /**
   * Makes a sequence of as many of its tokens as are still in the KV cache. Either `begin` or `refuse` must follow.
   * @returns null if there is no room even for that
   */
  open(decoder: Decoder): Sequence | null {
    const past = this.#stem?.sequence;
    const { partition, adapter } = this.task;
    if (!past) return decoder.createSequence({ tokens: this.tokens.slice(0, this.reusable), partition, adapter: adapter?.name });
    if (this.#stem!.hasOneLeft) return past;
    return decoder.kvCache.freeBlocks > 0 ? past.fork() : null;
  }

  /** The work of computing `count` pending tokens, without that of reading the weights, which a batch does once. */
  abstract work(count: number, work: TokenWork): number;

  /**
   * Tokens that may follow the pending one. If they do, they are computed in the same step as that.
   * @param cost of a drafted token, as a part of what it saves if it is right
   */
  abstract draft(cost: number): readonly number[];

  /** What the decoder computes next: `count` pending tokens, and drafted ones after them. */
  abstract feed(count: number, drafted: readonly number[]): Omit<Feed, 'sequence'>;

  /** Does what could not be done while logits were read. @returns what goes on in its place, which may be itself */
  abstract settle(): readonly Run[];

  /**
   * Ends what it computes with what it has. `end` must follow.
   * @throws GptEdgeError `timeout` if it has nothing
   */
  abstract stop(cause: StopCause): void;

  /** Goes on with the sequence that `open` has made. */
  begin(sequence: Sequence): void {
    this.#sequence = sequence;
    this.#leave(sequence === this.#stem?.sequence);
  }

  /** There is no room for the sequence that `open` has made. */
  refuse(sequence: Sequence): void {
    if (sequence !== this.#stem?.sequence) sequence.dispose();
  }

  /** Gives back its room. When there is room again, it is opened, and computes its tokens once more. */
  preempt(): void {
    this.#sequence?.dispose();
    this.#sequence = null;
  }

  /** Hands its sequence on to what takes its place. */
  protected handOver(): Sequence {
    const sequence = this.#sequence!;
    this.#sequence = null;
    return sequence;
  }

  /** Ends it for good. */
  end(): void {
    this.preempt();
    this.#leave(false);
  }

  #leave(takes: boolean): void {
    this.#stem?.leave(takes);
    this.#stem = null;
  }
}
