import { main } from 'assemblyscript/asc';
import { WASM_PAGE_BYTES } from '../src/kernels/kernels.ts';
import { stopwatch } from './stopwatch.ts';

/** A loop that reads 128 bytes per iteration into eight accumulators, so that it waits for memory alone. */
const SOURCE = `
export function read(start: usize, end: usize): i32 {
${[0, 1, 2, 3, 4, 5, 6, 7].map((lane) => `  let sum${lane} = i32x4.splat(0);`).join('\n')}
  for (let at = start; at < end; at += 128) {
${[0, 1, 2, 3, 4, 5, 6, 7].map((lane) => `    sum${lane} = v128.or(sum${lane}, v128.load(at, ${lane * 16}));`).join('\n')}
  }
  return i32x4.extract_lane(v128.or(v128.or(v128.or(sum0, sum1), v128.or(sum2, sum3)), v128.or(v128.or(sum4, sum5), v128.or(sum6, sum7))), 0);
}`;
/** Bytes that one call reads. There are many calls, so that V8's optimizing compiler gets to see the loop. */
const CALL_BYTES = 2 ** 17;

/**
 * Measures how fast one thread reads memory in WebAssembly, by consecutive loads of 16 bytes. The buffer is as large
 * as the weights that a decode step reads, so that the processor's caches help both equally.
 */
export class ReadBandwidth {
  readonly #read: (start: number, end: number) => number;
  readonly #bytes: number;

  private constructor(read: (start: number, end: number) => number, bytes: number) {
    this.#read = read;
    this.#bytes = bytes;
  }

  /** Prepares a buffer of `bytes`, and warms up. */
  static async over(bytes: number): Promise<ReadBandwidth> {
    const rounded = Math.ceil(bytes / CALL_BYTES) * CALL_BYTES;
    const memory = new WebAssembly.Memory({ initial: rounded / WASM_PAGE_BYTES });
    // The system backs all memory that was never written with one page of zeros, which would stay in the cache.
    new Uint8Array(memory.buffer).fill(1);
    const { instance } = await WebAssembly.instantiate(await compile(), { env: { memory } });
    const bandwidth = new ReadBandwidth(instance.exports.read as (start: number, end: number) => number, rounded);
    for (let pass = 0; pass < 3; pass++) bandwidth.measure();
    return bandwidth;
  }

  /** Reads the buffer once. @returns bytes per second of processor time */
  measure(): number {
    const elapsed = stopwatch();
    for (let start = 0; start < this.#bytes; start += CALL_BYTES) this.#read(start, start + CALL_BYTES);
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
      readFile: (name: string) => (name === 'read.ts' ? SOURCE : null),
      writeFile: (name: string, contents: Uint8Array | string) => {
        if (typeof contents !== 'string') outputs.set(name, contents);
      },
      listFiles: () => [],
    },
  );
  if (error) throw new Error(stderr.toString(), { cause: error });
  return new Uint8Array(outputs.get('read.wasm')!);
}
