import { Float16Array } from '@petamoriken/float16';
import { ADAPTER_PANEL, type AdapterManifest, type AdapterModule, moduleBytes } from '../../core/folder/adapter-manifest.ts';

/** A matrix by its columns and rows, of any order. */
export interface Cells {
  readonly rows: number;
  readonly columns: number;
  value(row: number, column: number): number;
}

/** The two matrices of a module: A as [inputs, rank], and B as [rank, outputs]. */
export interface LowRankPair {
  readonly node: string;
  readonly scale: number;
  readonly down: Cells;
  readonly up: Cells;
}

/** The exponent of the greatest magnitude that float16 weights are stored with. Its own limit is a little below 2^16. */
const GREATEST_EXPONENT = 14;
/** Places of a panel's columns in float16. */
const HALF_ORDER = [0, 4, 1, 5, 2, 6, 3, 7];

/** Lays out a module's matrices as adapter.bin has them, from `offset` on. */
export function packModule({ node, scale, down, up }: LowRankPair, dtype: AdapterManifest['dtype'], offset: number) {
  const rank = Math.ceil(down.columns / ADAPTER_PANEL) * ADAPTER_PANEL;
  const sizes = { inputs: down.rows, outputs: up.columns, rank };
  const bytes = new Uint8Array(moduleBytes(sizes, dtype).whole);
  const first = toPanels(down, { rows: down.rows, columns: rank });
  const second = toPanels(up, { rows: rank, columns: Math.ceil(up.columns / ADAPTER_PANEL) * ADAPTER_PANEL });
  const factor = dtype === 'fp16' ? storeHalves(bytes, first, second) : storeFloats(bytes, first, second);
  const module: AdapterModule = { node, ...sizes, scale: scale * factor, offset };
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
  return 1;
}

/**
 * Stores both matrices in float16, each multiplied by a power of two so that none of its numbers is near the ends of
 * float16's range. @returns what undoes both
 */
function storeHalves(bytes: Uint8Array<ArrayBuffer>, first: Float32Array, second: Float32Array): number {
  const halves = new Float16Array(bytes.buffer);
  const store = (values: Float32Array, start: number) => {
    const factor = 2 ** (GREATEST_EXPONENT - exponentOf(values));
    for (let index = 0; index < values.length; index++) {
      const panel = index - (index % ADAPTER_PANEL);
      halves[start + index] = values[panel + HALF_ORDER[index % ADAPTER_PANEL]] * factor;
    }
    return 1 / factor;
  };
  return store(first, 0) * store(second, first.length);
}

/** The exponent of the greatest magnitude: 0 if all are 0. */
function exponentOf(values: Float32Array): number {
  const greatest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return greatest === 0 ? 0 : Math.floor(Math.log2(greatest));
}
