import { printTable } from '../../src/cli/printing/print-table.ts';
import { PRICES } from '../../src/core/prices.ts';
import type { ModelFolder } from '../../src/local/model-folder.ts';
import { LoadedWorker, type Stream } from '../load/loaded-worker.ts';
import { Prompts } from '../load/prompts.ts';
import { medianFigures } from '../median.ts';
import { type Elapsed, each } from '../stopwatch.ts';
import { type FrontCost, measureFrontCost } from './front-cost.ts';

const STREAMS = 8;
const TOKENS = 128;
/** Tokens of an answer over which the price of its request, and of the front, is spread. */
const TOKENS_PER_REQUEST = 100;

/** Times of one token in one place: of a lone stream, and of eight. */
interface PlaceFigures {
  readonly alone: Elapsed;
  readonly eight: Elapsed;
}

export interface PlacesFigures {
  readonly worker: PlaceFigures;
  readonly object: PlaceFigures;
  readonly front: FrontCost;
}

/** Measures the engine in the Worker and in an object, in turn, and what the front costs. */
export async function measurePlaces(folder: ModelFolder, engine: string, runs: number): Promise<PlacesFigures> {
  const front = await measureFrontCost(runs);
  const vars = { ENGINE: engine, SPECULATE: 'off', ENGINE_OBJECTS: '1' };
  const inWorker = await LoadedWorker.start(folder, { ...vars, ENGINE_PLACE: 'worker' });
  const inObject = await LoadedWorker.start(folder, { ...vars, ENGINE_PLACE: 'object' });
  try {
    const prompts = new Prompts(folder);
    const read = async (worker: LoadedWorker, count: number): Promise<Elapsed> => {
      const streams: Stream[] = Array.from({ length: count }, () => prompts.next(TOKENS));
      return each((await worker.read(streams)).time, count * TOKENS);
    };
    // V8 compiles what has run often, so both run the same before anything is timed.
    for (const worker of [inWorker, inObject]) for (let round = 0; round < 3; round++) await read(worker, STREAMS);
    const figures: Omit<PlacesFigures, 'front'>[] = [];
    for (let run = 0; run < runs; run++) {
      const alone = await readInTurn(read, inWorker, inObject, 1);
      const eight = await readInTurn(read, inWorker, inObject, STREAMS);
      figures.push({ worker: { alone: alone[0], eight: eight[0] }, object: { alone: alone[1], eight: eight[1] } });
    }
    return { ...medianFigures(figures), front };
  } finally {
    await Promise.all([inWorker.stop(), inObject.stop()]);
  }
}

/** Reads from both in turn, and so that each is first and last once. */
async function readInTurn(
  read: (worker: LoadedWorker, count: number) => Promise<Elapsed>,
  inWorker: LoadedWorker,
  inObject: LoadedWorker,
  count: number,
): Promise<[Elapsed, Elapsed]> {
  const times = [await read(inWorker, count), await read(inObject, count), await read(inObject, count), await read(inWorker, count)];
  return [medianFigures([times[0], times[3]]), medianFigures([times[1], times[2]])];
}

export function printPlaces({ worker, object, front }: PlacesFigures): void {
  const rate = ({ cpu }: Elapsed) => (1000 / cpu).toFixed(0);
  const dollars = (value: number) => `$${value.toFixed(4)}`;
  const inWorker = ({ cpu }: Elapsed) => 1e6 * cpu * PRICES.workerMillisecond + perMillion(PRICES.workerRequest);
  const inObject = ({ cpu }: Elapsed) =>
    1e6 * cpu * PRICES.objectMillisecond + perMillion(PRICES.workerRequest + PRICES.objectRequest + front.front * PRICES.workerMillisecond);
  const row = (name: string, key: keyof PlaceFigures) => [
    name,
    rate(worker[key]),
    rate(object[key]),
    `${(worker[key].cpu / object[key].cpu).toFixed(2)}x`,
    dollars(inWorker(worker[key])),
    dollars(inObject(object[key])),
  ];
  console.log(
    '\nThe engine in the Worker and in an engine object, in workerd, over HTTP: tokens per second of processor time, and the price of a',
  );
  console.log(`million tokens of completion, in answers of ${TOKENS_PER_REQUEST}, beyond what the paid plan includes`);
  printTable(
    ['', 'in the Worker', 'in an object', 'object : Worker', 'price in the Worker', 'price in an object'],
    [row('one stream', 'alone'), row(`${STREAMS} streams`, 'eight')],
  );
  console.log(
    `The front takes ${front.front.toFixed(2)} ms of processor time for a streamed answer of 100 tokens, with its connections; a Worker that only fetches and returns it, ${front.plain.toFixed(2)} ms`,
  );
}

/** What something costs that is paid once for each request, in a million tokens. */
const perMillion = (price: number): number => (1e6 / TOKENS_PER_REQUEST) * price;
