import { expect } from 'vitest';
import type { Decoder, Feed, Sequence } from '../../src/core/decoder.ts';
import { SeededRandom } from '../generation/seeded-random.ts';

/** What happened in a schedule, so that a test can tell that it was put to the test. */
export interface ScheduleCounts {
  feeds: number;
  rows: number;
  /** Tokens that sequences began with, because the cache still had them. */
  reused: number;
  forks: number;
  truncations: number;
  preemptions: number;
  /** Logits that were not computed because nobody wanted them. */
  withheld: number;
}

interface Schedule {
  readonly seed: number;
  readonly steps: number;
  /** Tokens of the texts. Few of them make different texts alike. */
  readonly tokens: readonly number[];
  /**
   * How lone runs are fed: `singly` feeds them one token at a time and never cuts or forks them; `alike` feeds them the
   * same tokens at a time, for an engine whose bits depend on that.
   */
  readonly lone: 'singly' | 'alike';
  /** Adapters that sequences may have, which both decoders have loaded. Default: none */
  readonly adapters?: readonly (string | undefined)[];
}

const MOST_SEQUENCES = 9;
const MOST_TOKENS_AT_ONCE = 130;
const PARTITIONS = ['', 'a'];

/** A sequence in the schedule, and the one that gives the logits of its lone run. */
interface Pair {
  sequence: Sequence;
  lone: Sequence;
  adapter: string | undefined;
  history: number[];
  /** What is left of its prompt. */
  pending: number[];
}

/**
 * Feeds, forks, cuts and disposes sequences in a random order, and expects each of them to give the logits of its lone
 * run, bit for bit, and all blocks to be free at the end.
 * @param apart the decoder of the lone runs: the same model, loaded once more
 */
export async function runRandomSchedule(decoder: Decoder, apart: Decoder, schedule: Schedule): Promise<ScheduleCounts> {
  const run = new RandomSchedule(decoder, apart, schedule);
  for (let step = 0; step < schedule.steps; step++) await run.step();
  await run.end();
  return run.counts;
}

class RandomSchedule {
  readonly counts: ScheduleCounts = { feeds: 0, rows: 0, reused: 0, forks: 0, truncations: 0, preemptions: 0, withheld: 0 };
  readonly #decoder: Decoder;
  readonly #apart: Decoder;
  readonly #schedule: Schedule;
  readonly #random: SeededRandom;
  /** Chooses what is wanted, which changes nothing else of the schedule. */
  readonly #randomMasks: SeededRandom;
  /** The oldest first. */
  #pairs: Pair[] = [];
  /** Texts so far, which later prompts begin with. */
  readonly #texts: number[][] = [[]];

  constructor(decoder: Decoder, apart: Decoder, schedule: Schedule) {
    this.#decoder = decoder;
    this.#apart = apart;
    this.#schedule = schedule;
    this.#random = new SeededRandom(schedule.seed);
    this.#randomMasks = new SeededRandom(schedule.seed + 1);
  }

  async step(): Promise<void> {
    const choice = this.#random.integer(10);
    if (choice < 2 || this.#pairs.length === 0) this.#create();
    else if (choice === 2) await this.#fork();
    else if (choice === 3) await this.#truncate();
    else if (choice === 4) this.#dispose(this.#random.pick(this.#pairs));
    // As if another model took the room that is not used, or gave some back.
    else if (choice === 5) this.#decoder.kvCache.addRoom?.(this.#random.pick([Number.NEGATIVE_INFINITY, -(2 ** 17), 2 ** 17]));
    await this.#feed();
  }

  async end(): Promise<void> {
    for (const pair of [...this.#pairs]) this.#dispose(pair);
    expect(this.#decoder.kvCache.freeBlocks).toBe(this.#decoder.kvCache.totalBlocks);
  }

  #create(): void {
    if (this.#pairs.length === MOST_SEQUENCES) return;
    // What the cache still has is more likely to belong to a recent text.
    const text = this.#random.pick(this.#texts.slice(-5));
    const begin = text.slice(0, this.#random.pick([text.length, this.#random.integer(text.length + 1)]));
    const prompt = [...begin, ...this.#tokens(1 + this.#random.integer(MOST_TOKENS_AT_ONCE))].slice(0, this.#decoder.contextWindow);
    const adapter = this.#schedule.adapters && this.#random.pick(this.#schedule.adapters);
    const sequence = this.#decoder.createSequence({ tokens: prompt, partition: this.#random.pick(PARTITIONS), adapter });
    expect(sequence.length).toBeLessThan(prompt.length);
    this.counts.reused += sequence.length;
    this.#pairs.push({
      sequence,
      lone: this.#lone(adapter),
      adapter,
      history: prompt.slice(0, sequence.length),
      pending: prompt.slice(sequence.length),
    });
  }

  #lone(adapter: string | undefined): Sequence {
    return this.#apart.createSequence({ tokens: [], adapter });
  }

  async #fork(): Promise<void> {
    if (this.#pairs.length === MOST_SEQUENCES) return;
    const { sequence, lone, adapter, history, pending } = this.#random.pick(this.#pairs);
    const again = this.#schedule.lone === 'alike' ? lone.fork() : this.#lone(adapter);
    this.#pairs.push({ sequence: sequence.fork(), lone: again, adapter, history: [...history], pending: [...pending] });
    this.counts.forks++;
  }

  async #truncate(): Promise<void> {
    const pair = this.#random.pick(this.#pairs);
    const { sequence, history } = pair;
    const length = Math.max(0, history.length - this.#random.integer(this.#random.integer(3) === 0 ? history.length + 1 : 9));
    this.#texts.push([...history]);
    sequence.truncate(length);
    history.length = length;
    if (this.#schedule.lone === 'alike') pair.lone.truncate(length);
    else {
      pair.lone.dispose();
      pair.lone = this.#lone(pair.adapter);
    }
    this.counts.truncations++;
  }

  #dispose(pair: Pair): void {
    this.#texts.push(pair.history);
    this.#pairs = this.#pairs.filter((other) => other !== pair);
    pair.sequence.dispose();
    pair.lone.dispose();
  }

  /** Feeds some of the sequences in one step. The youngest give way to others if there is no room for all. */
  async #feed(): Promise<void> {
    const { contextWindow, kvCache } = this.#decoder;
    for (const pair of [...this.#pairs]) if (pair.history.length === contextWindow) this.#dispose(pair);
    const isFed = new Set(this.#pairs.filter(() => this.#random.integer(3) > 0));
    const next = new Map(this.#pairs.map((pair) => [pair, isFed.has(pair) ? this.#nextTokens(pair) : []]));
    const needed = () => this.#pairs.reduce((sum, pair) => sum + pair.sequence.blocksFor(next.get(pair)!.length), 0);
    while (needed() > kvCache.freeBlocks) {
      this.#dispose(this.#pairs.at(-1)!);
      this.counts.preemptions++;
    }
    const fed = this.#pairs.filter((pair) => isFed.has(pair));
    const seen = fed.map((): Float32Array[] => []);
    const feeds = fed.map(({ sequence }, index): Feed => {
      const tokens = next.get(fed[index])!;
      const rows = this.#random.pick([0, 1, 1, this.#random.integer(tokens.length + 1)]);
      const read: Feed['read'] = ({ values }) => seen[index].push(values.slice());
      return { sequence, tokens, rows, read, wanted: this.#randomMasks.pick([undefined, this.#wanted()]) };
    });
    await this.#decoder.forwardBatch(feeds);
    for (const [index, feed] of feeds.entries()) await this.#compare(fed[index], feed, seen[index]);
  }

  /** A mask of few tokens. */
  #wanted(): Uint32Array {
    const { vocabularySize } = this.#decoder;
    const mask = new Uint32Array(Math.ceil(vocabularySize / 32));
    for (let count = this.#randomMasks.integer(5); count >= 0; count--) {
      const id = this.#randomMasks.integer(vocabularySize);
      mask[id >> 5] |= 1 << (id & 31);
    }
    return mask;
  }

  #nextTokens({ history, pending }: Pair): number[] {
    const count = this.#random.pick([1, 1 + this.#random.integer(8), 1 + this.#random.integer(MOST_TOKENS_AT_ONCE)]);
    const room = Math.min(count, this.#decoder.contextWindow - history.length);
    return pending.length > 0 ? pending.splice(0, room) : this.#tokens(room);
  }

  async #compare({ sequence, lone, history }: Pair, { tokens, rows, wanted }: Feed, seen: readonly Float32Array[]): Promise<void> {
    const expected: Float32Array[] = [];
    const keep: Feed['read'] = ({ values }) => expected.push(values.slice());
    if (this.#schedule.lone === 'alike') await lone.forwardEach(tokens, rows, keep);
    else {
      // What came before may have been cut or reused.
      const missed = history.slice(lone.length);
      if (missed.length > 0) await lone.forward(missed, 0);
      for (const [index, token] of tokens.entries()) await lone.forwardEach([token], Number(index >= tokens.length - rows), keep);
    }
    history.push(...tokens);
    const where = `seed ${this.#schedule.seed}, after ${history.length} tokens`;
    expect(sequence.length, where).toBe(history.length);
    expect(seen.length, where).toBe(rows);
    const isWanted = (id: number) => wanted === undefined || ((wanted[id >> 5] >>> (id & 31)) & 1) === 1;
    const isSame = (value: number, other: number, id: number) =>
      Object.is(value, other) || (!isWanted(id) && value === Number.NEGATIVE_INFINITY);
    if (wanted) this.counts.withheld += seen.flatMap((values) => [...values]).filter((value) => value === Number.NEGATIVE_INFINITY).length;
    const differs = seen.findIndex((values, row) => values.some((value, id) => !isSame(value, expected[row][id], id)));
    expect(differs, `${where}: the first row that differs`).toBe(-1);
    this.counts.feeds++;
    this.counts.rows += rows;
  }

  #tokens(count: number): number[] {
    return Array.from({ length: count }, () => this.#random.pick(this.#schedule.tokens));
  }
}
