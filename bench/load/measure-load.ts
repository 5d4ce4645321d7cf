import { printTable } from '../../src/cli/printing/print-table.ts';
import type { ModelFolder } from '../../src/local/model-folder.ts';
import { median } from '../median.ts';
import { LoadedWorker } from './loaded-worker.ts';
import { Prompts } from './prompts.ts';

const STREAMS = 8;
const TOKENS = 64;
/** A text of which a greedy answer repeats much, so that drafts from it are right. */
const COPIED = 'Tom has a red ball. Tom has a red ball. Tom has a red ball. Tom has a red ball. Tom has a red ball.';
const STORY = 'Once upon a time';

/** Figures of one run. All are ratios of what was measured in it, except for `firstMilliseconds`. */
interface LoadFigures {
  /** Tokens per second of processor time of eight streams together, compared with one. */
  readonly throughput: number;
  /** The time of the slowest of eight equal streams, compared with the fastest. */
  readonly unfairness: number;
  /** By the clock, from a short prompt to its first token while a long prompt is read. */
  readonly firstMilliseconds: number;
  /** Processor time without drafts, compared with drafts, where the text copies and where it does not. */
  readonly copying: number;
  readonly story: number;
}

/** Measures the Worker under load, `runs` times, and prints the medians. */
export async function printLoad(folder: ModelFolder, engine: string, runs: number, note: (text: string) => void): Promise<void> {
  const drafting = await LoadedWorker.start(folder, { ENGINE: engine });
  const plain = await LoadedWorker.start(folder, { ENGINE: engine, SPECULATE: 'off' });
  try {
    const prompts = new Prompts(folder);
    // V8 compiles what has run often, so both run the same before anything is timed.
    for (const worker of [drafting, plain])
      for (let round = 0; round < 3; round++) await worker.read(Array.from({ length: STREAMS }, () => prompts.next(TOKENS)));
    const figures: LoadFigures[] = [];
    for (let run = 1; run <= runs; run++) {
      note(`Load, run ${run} of ${runs}`);
      figures.push(await measureOnce(drafting, plain, prompts));
    }
    const of = (key: keyof LoadFigures) => median(figures.map((figure) => figure[key]));
    const ratio = (value: number) => `${value.toFixed(2)}x`;
    console.log(`\nThe Worker in workerd under load, over HTTP (${STREAMS} streams of ${TOKENS} tokens; medians of ${runs} runs)`);
    printTable(
      ['', 'figure', 'must'],
      [
        ['eight streams against one, tokens per second of processor time', ratio(of('throughput')), '1.4x to 1.5x'],
        ['slowest of eight equal streams against the fastest', ratio(of('unfairness')), '1.2x'],
        ['first token of a short prompt beside a long one, by the clock', `${of('firstMilliseconds').toFixed(0)} ms`, '100 ms'],
        ['drafts against none, a text that copies', ratio(of('copying')), '1.3x'],
        ['drafts against none, a story', ratio(of('story')), '0.98x'],
      ],
    );
  } finally {
    await Promise.all([drafting.stop(), plain.stop()]);
  }
}

async function measureOnce(drafting: LoadedWorker, plain: LoadedWorker, prompts: Prompts): Promise<LoadFigures> {
  const one = await plain.read([prompts.next(TOKENS)]);
  const eight = await plain.read(Array.from({ length: STREAMS }, () => prompts.next(TOKENS)));
  const lasts = eight.ends.map(({ last }) => last);
  const both = await plain.read([prompts.long(), prompts.next(1)]);
  return {
    throughput: (STREAMS * one.time.cpu) / eight.time.cpu,
    unfairness: Math.max(...lasts) / Math.min(...lasts),
    firstMilliseconds: both.ends[1].first,
    copying: await draftGain(drafting, plain, COPIED),
    story: await draftGain(drafting, plain, STORY),
  };
}

async function draftGain(drafting: LoadedWorker, plain: LoadedWorker, prompt: string): Promise<number> {
  const read = async (worker: LoadedWorker) => (await worker.read([{ prompt, tokens: 2 * TOKENS }])).time.cpu;
  const [first, second, third, fourth] = [await read(plain), await read(drafting), await read(drafting), await read(plain)];
  return (first + fourth) / (second + third);
}
