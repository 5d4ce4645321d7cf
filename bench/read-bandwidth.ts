import { main } from 'assemblyscript/asc';
import { WASM_PAGE_BYTES } from '../src/kernels/kernels.ts';
import { stopwatch } from './stopwatch.ts';

/** How many places a loop reads in turn. */
const STREAMS = [1, 2, 4, 8] as const;
/**
 * Bytes that one call reads, in as many parts as there are streams. Near streams have many calls, so that V8's
 * optimizing compiler gets to see the loop; far streams run through different pages for longer.
 */
const NEAR = 2 ** 17;
const FAR = 2 ** 22;

/** A loop that reads 64 bytes of each stream in turn into four accumulators, so that it waits for nothing but memory. */
const loop = (streams: number) => `
export function read${streams}(start: usize, bytes: usize): i32 {
  let ${[0, 1, 2, 3].map((sum) => `sum${sum} = i32x4.splat(0)`).join(', ')};
${Array.from({ length: streams }, (_, stream) => `  const apart${stream} = bytes * ${stream};`).join('\n')}
  for (const end = start + bytes; start < end; start += 64) {
${Array.from({ length: streams * 4 }, (_, load) => {
  const stream = load >> 2;
  return `    sum${load & 3} = v128.or(sum${load & 3}, v128.load(start + apart${stream}, ${(load & 3) * 16}));`;
}).join('\n')}
  }
  return i32x4.extract_lane(v128.or(v128.or(sum0, sum1), v128.or(sum2, sum3)), 0);
}`;

/** Bytes per second of each loop: how many streams it read, and whether they were near each other. */
export type ReadRates = Readonly<Record<`${(typeof STREAMS)[number]} ${'near' | 'far'}`, number>>;

type Read = (start: number, bytes: number) => void;

/**
 * Measures how fast one thread reads memory in WebAssembly, by loads of 16 bytes from 1 to 8 places in turn: which
 * number is fastest depends on the processor. The buffer is as large as the weights that a decode step reads, so that
 * the processor's caches help the loops as much as the step.
 */
export class ReadBandwidth {
  readonly #reads: Readonly<Record<string, Read>>;
  readonly #bytes: number;

  private constructor(reads: Readonly<Record<string, Read>>, bytes: number) {
    this.#reads = reads;
    this.#bytes = bytes;
  }

  /** Prepares a buffer of `bytes`, and warms up. */
  static async over(bytes: number): Promise<ReadBandwidth> {
    const rounded = Math.ceil(bytes / NEAR) * NEAR;
    const memory = new WebAssembly.Memory({ initial: rounded / WASM_PAGE_BYTES });
    // The system backs all memory that was never written with one page of zeros, which would stay in the cache.
    new Uint8Array(memory.buffer).fill(1);
    const { instance } = await WebAssembly.instantiate(await compile(), { env: { memory } });
    const bandwidth = new ReadBandwidth(instance.exports as Record<string, Read>, rounded);
    for (let pass = 0; pass < 3; pass++) bandwidth.measure();
    return bandwidth;
  }

  /** Reads the buffer once with each loop. @returns bytes per second of processor time */
  measure(): ReadRates {
    // A buffer that fits the processor's caches has to be there for the first loop as it is for the others.
    this.#rate(1, NEAR);
    const rates = STREAMS.flatMap((streams) => [
      [`${streams} near`, this.#rate(streams, NEAR)],
      [`${streams} far`, this.#rate(streams, FAR)],
    ]);
    return Object.fromEntries(rates) as ReadRates;
  }

  #rate(streams: number, callBytes: number): number {
    const read = this.#reads[`read${streams}`];
    const elapsed = stopwatch();
    for (let start = 0; start < this.#bytes; start += callBytes) read(start, Math.min(callBytes, this.#bytes - start) / streams);
    return (this.#bytes / elapsed().cpu) * 1000;
  }
}

async function compile(): Promise<Uint8Array<ArrayBuffer>> {
  const outputs = new Map<string, Uint8Array>();
  const { error, stderr } = await main(
    [
      'read.ts',
      '--outFile',
      'read.wasm',
      '--enable',
      'simd',
      '-O3',
      '--runtime',
      'stub',
      '--noAssert',
      '--importMemory',
      '--use',
      'abort=',
    ],
    {
      readFile: (name: string) => (name === 'read.ts' ? STREAMS.map(loop).join('\n') : null),
      writeFile: (name: string, contents: Uint8Array | string) => {
        if (typeof contents !== 'string') outputs.set(name, contents);
      },
      listFiles: () => [],
    },
  );
  if (error) throw new Error(stderr.toString(), { cause: error });
  return new Uint8Array(outputs.get('read.wasm')!);
}
