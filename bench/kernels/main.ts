import { Command } from 'commander';
import type { MatrixKind } from '../../src/kernels/matrix-layouts.ts';
import { measureMatMul, type Shape } from './measure-mat-mul.ts';
import { measurePacking } from './measure-packing.ts';

/**
 * The speed of the matrix kernels at the shapes of SmolLM2-135M, on one thread: the products of a layer, with different
 * weights in turn, and the LM head. The unit is GOPS, thousand million operations per second, where a multiply-add
 * counts as two.
 */
const { kinds, rows } = new Command('node bench/kernels/main.ts')
  .option('--kinds <kinds>', 'which formats', 'q4,q8,f16,f32')
  .option('--rows <counts>', 'rows of x', '1,4,16,64')
  .parse()
  .opts<{ kinds: string; rows: string }>();

const layer: readonly Shape[] = [
  { outputs: 960, inputs: 576 },
  { outputs: 576, inputs: 576 },
  { outputs: 1536, inputs: 576 },
  { outputs: 576, inputs: 1536 },
];
const head: Shape = { outputs: 49152, inputs: 576 };

const name = ({ outputs, inputs }: Shape) => `${outputs} x ${inputs}`;
const columns = rows.split(',').map(Number);
for (const kind of kinds.split(',') as MatrixKind[]) {
  const figures: Record<string, Record<string, string>> = {};
  // An LM head of floats would be larger than a Worker's memory.
  for (const shape of kind.startsWith('q') ? [...layer, head] : layer) {
    figures[name(shape)] = {};
    for (const count of columns) {
      const milliseconds = measureMatMul(kind, shape, count);
      const rate = (2 * shape.outputs * shape.inputs * count) / milliseconds / 1e6;
      figures[name(shape)][`${count} rows`] = `${rate.toFixed(1)} (${milliseconds.toFixed(3)} ms)`;
    }
  }
  console.log(`${kind}, GOPS`);
  console.table(figures);
}
const packing = measurePacking({ outputs: 6144, inputs: 576, count: 30 }, head);
console.log(`packing 106 million weights of 4 bits: ${packing.q4.toFixed(0)} ms, 28 million of 8 bits: ${packing.q8.toFixed(0)} ms`);
