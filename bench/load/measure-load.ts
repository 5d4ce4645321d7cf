import { printTable } from '../../src/cli/printing/print-table.ts';
import type { ModelFolder } from '../../src/local/model-folder.ts';
import { median } from '../median.ts';
import { LoadedWorker } from './loaded-worker.ts';
import { Prompts } from './prompts.ts';

const STREAMS = 8;
const TOKENS = 64;
/** Callers whose waits are listed. */
const CALLERS = 16;
/** A text that says everything again, as an edited or a summarized one does: a greedy answer goes on with its lines. */
const LINES = ['Tom has a red ball. ', 'Lily has a blue kite. ', 'The dog sees the ball and the kite. ', 'They all go to the park. '];
const COPIED = LINES.join('').repeat(6);
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
  /** Processor time of a prompt of which all but the last tokens were computed before, compared with a new prompt. */
  readonly secondTurn: number;
  /** By the clock, in milliseconds, of sixteen callers at once: to the first token, and for each further one. */
  readonly firsts: readonly number[];
  readonly nexts: readonly number[];
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
    const of = (key: Exclude<keyof LoadFigures, 'firsts' | 'nexts'>) => median(figures.map((figure) => figure[key]));
    const percentiles = (key: 'firsts' | 'nexts') => {
      const sorted = figures.flatMap((figure) => figure[key]).sort((a, b) => a - b);
      const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))].toFixed(0);
      return `${at(0.5)} / ${at(0.95)} ms`;
    };
    const ratio = (value: number) => `${value.toFixed(2)}x`;
    console.log(`\nThe Worker in workerd under load, over HTTP (${STREAMS} streams of ${TOKENS} tokens; medians of ${runs} runs)`);
    printTable(
      ['', 'figure', 'must'],
      [
        ['eight streams against one, tokens per second of processor time', ratio(of('throughput')), '1.4x to 1.5x'],
        ['slowest of eight equal streams against the fastest', ratio(of('unfairness')), '1.2x'],
        ['first token of a short prompt beside a long one, by the clock', `${of('firstMilliseconds').toFixed(0)} ms`, '100 ms'],
        [`${CALLERS} callers at once, to the first token, p50 / p95`, percentiles('firsts'), ''],
        [`${CALLERS} callers at once, for each further token, p50 / p95`, percentiles('nexts'), ''],
        ['reading a prompt of which all but 16 tokens were read before', `${(100 * of('secondTurn')).toFixed(0)} %`, '20 %'],
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
    secondTurn: await secondTurn(plain, prompts),
    ...(await waitsOfCallers(plain, prompts)),
  };
}

/** The second turn of a chat: the prompt is that of the first one, its answer, and the user's next words. */
async function secondTurn(worker: LoadedWorker, prompts: Prompts): Promise<number> {
  const first = prompts.long(32);
  const asked = { prompt: [...(first.prompt as number[]), ...(prompts.next(1).prompt as number[])], tokens: 1 };
  const isNew = (await worker.read([first])).time.cpu;
  return (await worker.read([asked])).time.cpu / isNew;
}

async function waitsOfCallers(worker: LoadedWorker, prompts: Prompts): Promise<Pick<LoadFigures, 'firsts' | 'nexts'>> {
  const { ends } = await worker.read(Array.from({ length: CALLERS }, () => prompts.next(TOKENS)));
  return { firsts: ends.map(({ first }) => first), nexts: ends.map(({ first, last }) => (last - first) / (TOKENS - 1)) };
}

async function draftGain(drafting: LoadedWorker, plain: LoadedWorker, prompt: string): Promise<number> {
  const read = async (worker: LoadedWorker) => (await worker.read([{ prompt, tokens: 2 * TOKENS }])).time.cpu;
  const [first, second, third, fourth] = [await read(plain), await read(drafting), await read(drafting), await read(plain)];
  return (first + fourth) / (second + third);
}
