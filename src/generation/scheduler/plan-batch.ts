import type { TokenWork } from '../token-work.ts';
import type { Run } from './run.ts';

/**
 * Rows that a batch may have in any case, even if they exceed the budget: so many runs that decode, and so many pending
 * tokens of prompts. With fewer, the weights would be read for hardly anything.
 */
const LEAST_ROWS = 16;

/** What a batch computes for one run. */
export interface Part {
  readonly run: Run;
  /** How many of its pending tokens. */
  readonly count: number;
  /** Tokens that are tried after them. */
  readonly drafted: readonly number[];
  /** Multiply-adds of all of that. */
  readonly work: number;
}

export interface Batch {
  readonly parts: readonly Part[];
  /** Multiply-adds of all parts. */
  readonly work: number;
}

/**
 * Chooses what a tick computes within its budget: the next tokens of each run that decodes, and chunks of what other
 * runs have pending. Where both wait, each has half of the budget at least.
 *
 * Beside requests for which somebody waits, those for which nobody does have at most as much of the tick: so nobody waits
 * for more than twice the work that there is without them.
 * @param runs with a sequence, in the order of priority
 * @param draftBlocks blocks that drafted tokens may take; -1 if none are to be drafted
 */
export function planBatch(runs: readonly Run[], work: TokenWork, budget: number, draftBlocks: number): Batch {
  const offline = runs.filter(({ job }) => job.isOffline);
  const awaited = runs.filter(({ job }) => !job.isOffline);
  const batch = new GrowingBatch(work);
  fill(batch, awaited.length > 0 ? awaited : offline, budget, draftBlocks);
  if (awaited.length > 0) fillUp(batch, offline, Math.min(Math.max(budget, batch.work), 2 * batch.work));
  return batch;
}

function fill(batch: GrowingBatch, runs: readonly Run[], budget: number, draftBlocks: number): void {
  const { tokens: work } = batch;
  const decoding = runs.filter(({ isDecoding }) => isDecoding);
  const reading = runs.filter(({ isDecoding }) => !isDecoding);
  for (const run of fairOrder(decoding)) {
    const cost = run.work(run.pending, work);
    if (batch.parts.length >= LEAST_ROWS && batch.work + cost > (reading.length > 0 ? budget / 2 : budget)) break;
    batch.add(run, run.pending, cost);
  }
  let least = LEAST_ROWS;
  for (const [index, run] of chunkOrder(reading).entries()) {
    const left = budget - batch.work;
    const count = chunkWithin(run, work, index === 0 && reading.length > 1 ? left / 2 : left, least);
    if (count === 0) continue;
    batch.add(run, count, run.work(count, work));
    least = Math.max(0, least - count);
  }
  // A prompt makes a batch so large that drafted tokens would not pay.
  if (reading.length === 0 && draftBlocks >= 0) batch.draft(budget, draftBlocks);
}

/** Adds what fits, up to that work, of runs that give way; one row at least, so that they go on. */
function fillUp(batch: GrowingBatch, runs: readonly Run[], most: number): void {
  const begun = batch.parts.length;
  for (const run of fairOrder(runs)) {
    const least = batch.parts.length === begun ? 1 : 0;
    const count = run.isDecoding ? run.pending : chunkWithin(run, batch.tokens, most - batch.work, least);
    const cost = run.work(count, batch.tokens);
    if (count > 0 && (least > 0 || batch.work + cost <= most)) batch.add(run, count, cost);
  }
}

class GrowingBatch implements Batch {
  readonly parts: Part[] = [];
  work: number;
  /** What tokens cost. */
  readonly tokens: TokenWork;

  constructor(tokens: TokenWork) {
    this.tokens = tokens;
    this.work = tokens.weights;
  }

  add(run: Run, count: number, work: number): void {
    this.parts.push({ run, count, drafted: [], work });
    this.work += work;
  }

  /** Tries drafted tokens too, as far as there are blocks for them. */
  draft(budget: number, freeBlocks: number): void {
    const cost = this.tokens.draftCost(this.parts.length);
    let blocks = freeBlocks;
    for (const [index, { run, count, work: workOfCount }] of this.parts.entries()) {
      const drafted = this.work < budget ? run.draft(cost) : [];
      const sequence = run.sequence!;
      const more = sequence.blocksFor(count + drafted.length) - sequence.blocksFor(count);
      if (drafted.length === 0 || more > blocks) continue;
      blocks -= more;
      const trying = this.tokens.feed(sequence.length + count, drafted.length);
      this.work += trying;
      this.parts[index] = { run, count, drafted, work: workOfCount + trying };
    }
  }
}

/** One run of each job first, so that a request of many choices does not hold up the others; of each job's the one that waits longest. */
function fairOrder(runs: readonly Run[]): Run[] {
  const taken = new Map<Run['job'], number>();
  const places = new Map<Run, number>();
  for (const run of [...runs].sort((a, b) => a.lastTick - b.lastTick)) {
    const place = taken.get(run.job) ?? 0;
    taken.set(run.job, place + 1);
    places.set(run, place);
  }
  return [...runs].sort((a, b) => places.get(a)! - places.get(b)! || a.lastTick - b.lastTick);
}

/**
 * What has least left comes first, with half of what is left of the budget, so that a short prompt does not wait for a
 * long one; then all others in the order of priority, so that a long prompt does not wait for ever.
 */
function chunkOrder(runs: readonly Run[]): Run[] {
  const shortest = runs.reduce<Run | undefined>((least, run) => (least && least.pending <= run.pending ? least : run), undefined);
  return shortest ? [shortest, ...runs.filter((run) => run !== shortest)] : [];
}

/** The most pending tokens whose work is within the budget, but at least `least` of them, if there are so many. */
function chunkWithin(run: Run, work: TokenWork, budget: number, least: number): number {
  if (run.work(run.pending, work) <= budget) return run.pending;
  let [fits, tooMany] = [0, run.pending];
  while (tooMany - fits > 1) {
    const middle = (fits + tooMany) >> 1;
    if (run.work(middle, work) <= budget) fits = middle;
    else tooMany = middle;
  }
  return Math.max(fits, Math.min(least, run.pending));
}
