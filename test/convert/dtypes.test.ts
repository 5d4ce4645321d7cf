import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convertModel } from '../../src/convert/convert-model.ts';
import type { Matrix, Weight } from '../../src/convert/dtypes/dtype.ts';
import { findDtype } from '../../src/convert/dtypes/index.ts';
import { ElementType } from '../../src/convert/graph/graph-builder.ts';
import { packCodes, packZeroPoints } from '../../src/convert/quantize/pack-blocks.ts';
import type { QuantizedBlocks } from '../../src/convert/tensors/tensor-source.ts';
import { describeDtype } from '../../src/core/folder/manifest.ts';
import { ort } from '../../src/local/evaluate/onnx-session.ts';
import { SeededRandom } from '../generation/seeded-random.ts';
import { openOnnx } from './open-onnx.ts';
import { runGraph } from './run-graph.ts';

const random = new SeededRandom(3);
const floats = (length: number) => Float32Array.from({ length }, () => random.next() - 0.5);

/** Blocks as a checkpoint may have them: [rows, width], and the values that they stand for. */
function randomBlocks(rows: number, width: number, bits: 4 | 8, zeroPoint: () => number): Weight & { blocks: QuantizedBlocks } {
  const blocksInRow = Math.ceil(width / 32);
  const codes = Uint8Array.from({ length: rows * width }, () => random.integer(2 ** bits));
  const scales = Float32Array.from({ length: rows * blocksInRow }, () => random.next() / 2 ** bits);
  const zeroPoints = Float32Array.from({ length: rows * blocksInRow }, zeroPoint);
  const values = new Float32Array(rows * width);
  for (const index of values.keys()) {
    const block = Math.floor(index / width) * blocksInRow + Math.floor((index % width) / 32);
    values[index] = scales[block] * (codes[index] - zeroPoints[block]);
  }
  return { shape: [rows, width], values, blocks: { bits, codes, scales, zeroPoints } };
}

/** Computes `x` [positions, inputs] times the transpose of a matrix [outputs, inputs]. */
function product(x: Float32Array, { shape: [outputs, inputs], values }: Weight): Float32Array {
  const positions = x.length / inputs;
  return Float32Array.from({ length: positions * outputs }, (_, index) => {
    const [position, output] = [Math.floor(index / outputs), index % outputs];
    let sum = 0;
    for (let input = 0; input < inputs; input++) sum += x[position * inputs + input] * values[output * inputs + input];
    return sum;
  });
}

function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Array.from(a, (value, index) => Math.abs(value - b[index])).reduce((largest, value) => Math.max(largest, value), 0);
}

/** Multiplies `x` by one matrix stored in `dtype`. */
async function multiply(dtype: string, matrix: Matrix, x: Float32Array) {
  const inputs = matrix.shape[matrix.order === 'outputs-first' ? 1 : 0];
  const run = await runGraph(
    async (target) => {
      target.graph.input('x', ElementType.FLOAT, [1, 'positions', inputs]);
      target.graph.output(await findDtype(dtype).multiply(target, 'product', 'x', matrix), ElementType.FLOAT, [1, 'positions', 'outputs']);
    },
    { x: new ort.Tensor('float32', x, [1, x.length / inputs, inputs]) },
  );
  return { ...run, values: run.outputs.product.data as Float32Array };
}

/** Looks up rows 2, 0 and 4 of a table stored in `dtype`, and multiplies by it. */
async function readTable(dtype: string, table: Weight, x: Float32Array, embeddings = 'same') {
  const [entries, width] = table.shape;
  const run = await runGraph(
    async (target) => {
      const { graph } = target;
      graph.input('ids', ElementType.INT64, [1, 'length']);
      graph.input('x', ElementType.FLOAT, [1, 'positions', width]);
      const stored = await findDtype(dtype, embeddings).table(target, 'table', table);
      graph.output(stored.lookUp('rows', 'ids'), ElementType.FLOAT, [1, 'length', width]);
      graph.output(stored.project('logits', 'x'), ElementType.FLOAT, [1, 'positions', entries]);
    },
    { ids: new ort.Tensor('int64', BigInt64Array.of(2n, 0n, 4n), [1, 3]), x: new ort.Tensor('float32', x, [1, x.length / width, width]) },
  );
  return { ...run, rows: run.outputs.rows.data as Float32Array, logits: run.outputs.logits.data as Float32Array };
}

const rowsOf = ({ shape: [, width], values }: Weight) =>
  Float32Array.from([2, 0, 4].flatMap((id) => [...values.subarray(id * width, (id + 1) * width)]));

describe.each([
  { dtype: 'q8', bits: 8, tolerance: 0.02 },
  { dtype: 'q4', bits: 4, tolerance: 0.3 },
])('$dtype', ({ dtype, bits, tolerance }) => {
  // 40 and 100 are not multiples of 32.
  it.each([32, 40, 64, 100, 160])('should multiply by a matrix of %i inputs, in either order', async (inputs) => {
    const rows = { shape: [24, inputs], values: floats(24 * inputs) };
    const columns = { shape: [inputs, 24], values: new Float32Array(24 * inputs) };
    for (const [index, value] of rows.values.entries()) columns.values[(index % inputs) * 24 + Math.floor(index / inputs)] = value;
    const x = floats(3 * inputs);
    const { values, outputs, dataBytes } = await multiply(dtype, { ...rows, order: 'outputs-first' }, x);
    expect(outputs.product.dims).toEqual([1, 3, 24]);
    expect(distance(values, product(x, rows))).toBeLessThan(tolerance);
    expect((await multiply(dtype, { ...columns, order: 'inputs-first' }, x)).values).toEqual(values);
    const blocks = 24 * Math.ceil(inputs / 32);
    expect(dataBytes).toBeLessThan(blocks * (4 * bits + 5) + 3 * 64);
  });

  it.each([32, 40, 96])('should store a table of width %i once, and read the same values both ways', async (width) => {
    const table = { shape: [6, width], values: floats(6 * width) };
    // The input is the unit vectors, so the product is the table itself, transposed.
    const units = Float32Array.from({ length: width * width }, (_, index) => (index % (width + 1) === 0 ? 1 : 0));
    const { rows, logits, outputs, dataBytes, weights } = await readTable(dtype, table, units);
    expect(outputs.rows.dims).toEqual([1, 3, width]);
    expect(distance(rows, rowsOf(table))).toBeLessThan(2 ** -bits);
    const whole = {
      shape: [6, width],
      values: Float32Array.from({ length: 6 * width }, (_, index) => logits[(index % width) * 6 + Math.floor(index / width)]),
    };
    expect(distance(rows, rowsOf(whole))).toBeLessThan(1e-6);
    const blocks = 6 * Math.ceil(width / 32);
    expect(dataBytes).toBeLessThanOrEqual(blocks * (4 * bits + 4) + 64);
    expect(weights.get('rows.scales')?.bytes.byteOffset).toBe(weights.get('logits.scales')?.bytes.byteOffset);
  });

  it('should keep vectors in float32', async () => {
    const vector = Float32Array.of(0.1, 1 / 3, 1e-9);
    const { weights } = await runGraph(
      async (target) => {
        target.graph.input('x', ElementType.FLOAT, [3]);
        const stored = await findDtype(dtype).vector(target, 'bias', { shape: [3], values: vector });
        target.graph.output(target.graph.node('Add', 'sum', ['x', stored]), ElementType.FLOAT, [3]);
      },
      { x: new ort.Tensor('float32', new Float32Array(3), [3]) },
    );
    expect(new Float32Array(weights.get('bias')!.bytes.slice().buffer)).toEqual(vector);
  });

  it('should keep 4-bit blocks of the checkpoint bit for bit, zero points in float32 included', async () => {
    const matrix = randomBlocks(24, 64, 4, () => 15 * random.next());
    const x = floats(2 * 64);
    const { values, weights } = await multiply(dtype, { ...matrix, order: 'outputs-first' }, x);
    expect(distance(values, product(x, matrix))).toBeLessThan(1e-5);
    expect(weights.get('product.weight')!.bytes).toEqual(Buffer.from(packCodes(matrix.blocks, 64)));
    expect(weights.get('product.weight.scales')!.bytes).toEqual(Buffer.from(matrix.blocks.scales.buffer));
    expect(weights.get('product.weight.zero_points')!.bytes).toEqual(Buffer.from(matrix.blocks.zeroPoints.buffer));
    expect(weights.get('product.weight.zero_points')!.tensor.dataType).toBe(ElementType.FLOAT);
  });

  it('should keep 4-bit blocks of a table, read both ways', async () => {
    const table = randomBlocks(6, 64, 4, () => 15 * random.next());
    const x = floats(2 * 64);
    const { rows, logits, weights } = await readTable(dtype, table, x);
    expect(distance(rows, rowsOf(table))).toBeLessThan(1e-6);
    expect(distance(logits, product(x, table))).toBeLessThan(1e-5);
    expect(weights.get('table')!.bytes).toEqual(Buffer.from(packCodes(table.blocks, 64)));
  });

  it('should pack whole zero points, and leave out the implicit one', async () => {
    const x = floats(64);
    const whole = randomBlocks(24, 64, 4, () => random.integer(16));
    const packed = await multiply(dtype, { ...whole, order: 'outputs-first' }, x);
    expect(distance(packed.values, product(x, whole))).toBeLessThan(1e-5);
    expect(packed.weights.get('product.weight.zero_points')!.bytes).toEqual(Buffer.from(packZeroPoints(whole.blocks, 2)));
    const middle = randomBlocks(24, 64, 4, () => 8);
    const without = await multiply(dtype, { ...middle, order: 'outputs-first' }, x);
    expect(distance(without.values, product(x, middle))).toBeLessThan(1e-5);
    expect([...without.weights.keys()]).toEqual(['product.weight', 'product.weight.scales']);
  });
});

it('should keep 8-bit blocks in q8, and quantize them again in q4', async () => {
  const matrix = { ...randomBlocks(24, 64, 8, () => 128), order: 'outputs-first' } as const;
  const x = floats(64);
  const kept = await multiply('q8', matrix, x);
  expect(kept.weights.get('product.weight')!.bytes).toEqual(Buffer.from(matrix.blocks.codes));
  const anew = await multiply('q4', matrix, x);
  expect(anew.weights.get('product.weight')!.tensor.dims).toEqual([24n, 2n, 16n]);
  expect(distance(anew.values, product(x, matrix))).toBeLessThan(0.5);
});

it('should quantize 8-bit blocks again if MatMulNBits does not support their zero points', async () => {
  const matrix = { ...randomBlocks(24, 64, 8, () => 255 * random.next()), order: 'outputs-first' } as const;
  const x = floats(64);
  expect(distance((await multiply('q8', matrix, x)).values, product(x, matrix))).toBeLessThan(0.05);
});

describe('findDtype', () => {
  it.each([
    { dtype: 'q4', embeddings: undefined, name: 'q4 (tables q8)' },
    { dtype: 'q4', embeddings: 'same', name: 'q4' },
    { dtype: 'q4', embeddings: 'q4', name: 'q4' },
    { dtype: 'q8', embeddings: undefined, name: 'q8' },
    { dtype: 'q8', embeddings: 'q4', name: 'q8 (tables q4)' },
    { dtype: 'fp16', embeddings: undefined, name: 'fp16' },
    { dtype: 'fp16', embeddings: 'q8', name: 'fp16 (tables q8)' },
  ])('should name $dtype with embeddings $embeddings', ({ dtype, embeddings, name }) => {
    const found = findDtype(dtype, embeddings);
    expect(describeDtype({ dtype: found.name, tablesDtype: found.tablesName })).toBe(name);
    expect(name.length).toBeLessThanOrEqual(16);
  });

  it('should store tables as the embeddings say', async () => {
    const table = { shape: [6, 64], values: floats(6 * 64) };
    const bytes = async (embeddings: string) => (await readTable('fp32', table, floats(64), embeddings)).weights.get('table')!.bytes.length;
    expect(await Promise.all([bytes('same'), bytes('q8'), bytes('q4')])).toEqual([6 * 64 * 4, 6 * 64, 6 * 32]);
  });

  it('should refuse unknown names', () => {
    expect(() => findDtype('q3')).toThrow('dtype "q3" is not one of fp32, fp16, q8, q4');
    expect(() => findDtype('q4', 'fp16')).toThrow('embeddings "fp16" is not one of q8, q4, same');
  });
});

describe('convertModel with few bits', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gpt-edge-dtypes-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const convert = async (dtype: string, embeddings?: string) => {
    const target = join(folder, `${dtype}-${embeddings}`);
    const manifest = await convertModel({ source: join(import.meta.dirname, '../golden/tiny-gpt2'), target, dtype, embeddings });
    const model = await openOnnx(target);
    const { logits } = await model.forward(model.empty, [1, 5, 9, 33, 100], 0);
    await model.close();
    return { manifest, logits, bytes: manifest.files['model.onnx_data'].bytes };
  };

  it('should be more precise with more bits, and smaller with fewer', async () => {
    const exact = await convert('fp32');
    const models = [await convert('q8'), await convert('q4'), await convert('q4', 'q4')];
    expect(models.map(({ manifest }) => describeDtype(manifest))).toEqual(['q8', 'q4 (tables q8)', 'q4']);
    const distances = models.map(({ logits }) => distance(logits, exact.logits));
    const sizes = models.map(({ bytes }) => bytes);
    expect(distances).toEqual(distances.toSorted((a, b) => a - b));
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
    expect(distances[0]).toBeLessThan(0.1);
  });
});
