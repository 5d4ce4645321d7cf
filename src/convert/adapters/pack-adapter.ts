import { Float16Array } from '@petamoriken/float16';
import { GptEdgeError } from '../../core/errors.ts';
import { ADAPTER_PANEL, type AdapterManifest, type AdapterModule, moduleBytes } from '../../core/folder/adapter-manifest.ts';

/** A matrix by its columns and rows, of any order. */
export interface Cells {
  readonly rows: number;
  readonly columns: number;
  value(row: number, column: number): number;
}

/** The two matrices of a module: A, with the scale of their product, as [inputs, rank], and B as [rank, outputs]. */
export interface LowRankPair {
  readonly node: string;
  readonly down: Cells;
  readonly up: Cells;
}

/** The exponent that the greatest magnitude of a matrix gets in float16. Its own limit is a little below 2^16. */
const GREATEST_EXPONENT = 14;
/** The most that is added to exponents: the kernel takes twice as much. */
const MOST_RAISED = 60;
/** Places of a panel's columns in float16. */
const HALF_ORDER = [0, 4, 1, 5, 2, 6, 3, 7];

/** Lays out a module's matrices as adapter.bin has them, from `offset` on. */
export function packModule({ node, down, up }: LowRankPair, dtype: AdapterManifest['dtype'], offset: number) {
  const rank = Math.ceil(down.columns / ADAPTER_PANEL) * ADAPTER_PANEL;
  const sizes = { inputs: down.rows, outputs: up.columns, rank };
  const bytes = new Uint8Array(moduleBytes(sizes, dtype).whole);
  const first = toPanels(down, { rows: down.rows, columns: rank });
  const second = toPanels(up, { rows: rank, columns: Math.ceil(up.columns / ADAPTER_PANEL) * ADAPTER_PANEL });
  const raised = dtype === 'fp16' ? storeHalves(bytes, first, second, node) : storeFloats(bytes, first, second);
  const module: AdapterModule = { node, ...sizes, exponent: 0 - raised, offset };
  return { bytes, module };
}

/** Panels of columns, one after the other, each row after row. */
function toPanels({ rows, columns, value }: Cells, padded: { readonly rows: number; readonly columns: number }): Float32Array {
  const panels = new Float32Array(padded.rows * padded.columns);
  for (let column = 0; column < columns; column++) {
    const start = Math.floor(column / ADAPTER_PANEL) * padded.rows * ADAPTER_PANEL + (column % ADAPTER_PANEL);
    for (let row = 0; row < rows; row++) panels[start + row * ADAPTER_PANEL] = value(row, column);
  }
  return panels;
}

function storeFloats(bytes: Uint8Array<ArrayBuffer>, first: Float32Array, second: Float32Array): number {
  const floats = new Float32Array(bytes.buffer);
  floats.set(first);
  floats.set(second, first.length);
  return 0;
}

/**
 * Stores both matrices in float16, each multiplied by a power of two so that none of its numbers is near the ends of
 * float16's range.
 * @returns the exponent of both together
 * @throws GptEdgeError `unsupported_model` for numbers that float16 does not have
 */
function storeHalves(bytes: Uint8Array<ArrayBuffer>, first: Float32Array, second: Float32Array, node: string): number {
  const halves = new Float16Array(bytes.buffer);
  const store = (values: Float32Array, start: number) => {
    const exponent = exponentOf(values);
    if (exponent > GREATEST_EXPONENT) {
      const message = `the adapter's numbers for ${node} reach 2^${exponent}, beyond float16; convert it with --dtype fp32`;
      throw new GptEdgeError('unsupported_model', message, { param: 'dtype' });
    }
    const raised = Math.min(MOST_RAISED, GREATEST_EXPONENT - exponent);
    const factor = 2 ** raised;
    for (let index = 0; index < values.length; index++) {
      const panel = index - (index % ADAPTER_PANEL);
      halves[start + index] = values[panel + HALF_ORDER[index % ADAPTER_PANEL]] * factor;
    }
    return raised;
  };
  return store(first, 0) + store(second, first.length);
}

/** The exponent of the greatest magnitude; that of the least raised one if all are 0. */
function exponentOf(values: Float32Array): number {
  const greatest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return greatest === 0 ? GREATEST_EXPONENT : Math.floor(Math.log2(greatest));
}
