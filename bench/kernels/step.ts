import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { printTable } from '../../src/cli/printing/print-table.ts';
import { instantiateKernels } from '../../src/kernels/instantiate-kernels.ts';
import { FIRST_FREE_BYTE, type Kernels, WASM_PAGE_BYTES } from '../../src/kernels/kernels.ts';
import {
  type MatrixKind,
  matrixBytes,
  matrixScratchBytes,
  q4ActivationBytes,
  q8ActivationBytes,
} from '../../src/kernels/matrix-layouts.ts';
import { median } from '../median.ts';

/**
 * All matrices of a step of SmolLM2-135M, 4 bits and then the output head of 8 bits, by several builds of the kernels in
 * turn. Other programs disturb whole steps, so that the sum of each layer's shortest time is shown beside the median.
 * A build is a name in dist/kernels or the path of a file, as of another checkout.
 * Usage: node bench/kernels/step.ts [--builds relaxed,../before/dist/kernels/relaxed.wasm] [--rows 1,2,4,8]
 */
const { builds, rows, rounds } = new Command('node bench/kernels/step.ts')
  .option('--builds <builds>', 'which builds, the first of which the others are compared with', 'relaxed,vnni')
  .option('--rows <counts>', 'rows of x', '1,2,3,4,8')
  .option('--rounds <n>', 'how often each is measured', Number, 20)
  .parse()
  .opts<{ builds: string; rows: string; rounds: number }>();

const LAYERS = 30;
const LAYER = [
  [576, 576],
  [192, 576],
  [192, 576],
  [576, 576],
  [1536, 576],
  [1536, 576],
  [576, 1536],
] as const;
/** The head is multiplied in eighths: what takes longer than a turn of the system's scheduler is always disturbed. */
const HEAD_PARTS = 8;
const HEAD = [49152 / HEAD_PARTS, 576] as const;
/** Rounds in which V8's optimizing compiler gets to see the kernels. */
const WARM_UP = 6;

interface Matrix {
  readonly kind: MatrixKind;
  readonly at: number;
  readonly outputs: number;
  readonly inputs: number;
}

/** A build with matrices of its own, whose codes are ordinary numbers and whose scales are those of one. */
class StepBench {
  readonly name: string;
  /** The matrices of each layer, and the parts of the head. */
  readonly #parts: readonly (readonly Matrix[])[];
  readonly #kernels: Kernels;
  readonly #at: Record<'x' | 'q4' | 'q8' | 'y' | 'scratch', number>;
  /** The shortest times of each part, by the number of rows. */
  readonly #best = new Map<string, number>();
  readonly #wholes = new Map<number, number[]>();

  constructor(name: string, mostRows: number) {
    this.name = name;
    let end = FIRST_FREE_BYTE;
    const take = (bytes: number) => {
      const address = end;
      end = Math.ceil((address + bytes) / 64) * 64;
      return address;
    };
    const matrix = (kind: MatrixKind, [outputs, inputs]: readonly [number, number]): Matrix => ({
      kind,
      at: take(matrixBytes(kind, outputs, inputs)),
      outputs,
      inputs,
    });
    this.#parts = [
      ...Array.from({ length: LAYERS }, () => LAYER.map((shape) => matrix('q4', shape))),
      ...Array.from({ length: HEAD_PARTS }, () => [matrix('q8', HEAD)]),
    ];
    this.#at = {
      x: take(mostRows * 1536 * 4),
      q4: take(q4ActivationBytes(mostRows, 1536)),
      q8: take(q8ActivationBytes(mostRows, 576)),
      y: take(mostRows * (HEAD[0] * 4 + 64)),
      scratch: take(matrixScratchBytes(mostRows)),
    };
    const memory = new WebAssembly.Memory({ initial: Math.ceil(end / WASM_PAGE_BYTES) });
    const path = name.endsWith('.wasm') ? name : join(import.meta.dirname, `../../dist/kernels/${name}.wasm`);
    this.#kernels = instantiateKernels(new WebAssembly.Module(readFileSync(path)), memory);
    const bytes = new Uint8Array(memory.buffer);
    for (let at = FIRST_FREE_BYTE; at < this.#at.x; at++) bytes[at] = 0x40 | ((at * 37) >> 3);
    const x = new Float32Array(memory.buffer, this.#at.x, mostRows * 1536);
    for (let index = 0; index < x.length; index++) x[index] = Math.sin(index);
  }

  get bytes(): number {
    return this.#parts.flat().reduce((sum, { kind, outputs, inputs }) => sum + matrixBytes(kind, outputs, inputs), 0);
  }

  /** Runs and times the step once. */
  run(rows: number, isCounted: boolean): void {
    const { x, q4, q8, y, scratch } = this.#at;
    const { matMulQ4, matMulQ8, quantizeForQ4, quantizeForQ8 } = this.#kernels;
    let whole = 0;
    quantizeForQ8(x, 1536 * 4, q8, rows, 576);
    for (const [part, matrices] of this.#parts.entries()) {
      const started = performance.now();
      for (const { kind, at, outputs, inputs } of matrices) {
        if (kind === 'q4') quantizeForQ4(x, 1536 * 4, q4, rows, inputs);
        const multiply = kind === 'q4' ? matMulQ4 : matMulQ8;
        multiply(kind === 'q4' ? q4 : q8, at, y, outputs * 4 + 64, rows, outputs, inputs, scratch);
      }
      const time = performance.now() - started;
      whole += time;
      const key = `${rows} ${part}`;
      if (isCounted) this.#best.set(key, Math.min(time, this.#best.get(key) ?? Number.POSITIVE_INFINITY));
    }
    if (isCounted) this.#wholes.set(rows, [...(this.#wholes.get(rows) ?? []), whole]);
  }

  /** Milliseconds: the shortest times of the layers and of the head, and the median of whole steps. */
  times(rows: number): { layers: number; head: number; median: number } {
    const sum = (from: number, count: number) =>
      Array.from({ length: count }, (_, index) => this.#best.get(`${rows} ${from + index}`)!).reduce((total, time) => total + time);
    return { layers: sum(0, LAYERS), head: sum(LAYERS, HEAD_PARTS), median: median(this.#wholes.get(rows)!) };
  }
}

const counts = rows.split(',').map(Number);
const benches = builds.split(',').map((name) => new StepBench(name, Math.max(...counts)));
for (let round = 0; round < rounds + WARM_UP; round++)
  for (const count of counts) for (const bench of benches) bench.run(count, round >= WARM_UP);
const sum = (bench: StepBench, count: number) => bench.times(count).layers + bench.times(count).head;
console.log(`Node ${process.versions.node}, V8 ${process.versions.v8}; ${(benches[0].bytes / 1e6).toFixed(1)} MB; ms, shortest times`);
printTable(
  ['rows', 'build', 'layers', 'head', 'sum', 'GB/s', 'of one row', `of ${benches[0].name}`, 'median'],
  counts.flatMap((count) =>
    benches.map((bench) => {
      const { layers, head, median: middle } = bench.times(count);
      const total = layers + head;
      const ratio = (to: number) => `${(total / to).toFixed(2)}x`;
      const [ms, rate] = [[layers, head, total].map((time) => time.toFixed(2)), (bench.bytes / total / 1e6).toFixed(1)];
      return [String(count), bench.name, ...ms, rate, ratio(sum(bench, counts[0])), ratio(sum(benches[0], count)), middle.toFixed(2)];
    }),
  ),
);
