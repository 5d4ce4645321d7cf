import { ADAPTER_PANEL, type AdapterManifest, type AdapterModule, moduleBytes } from '../../core/folder/adapter-manifest.ts';
import { packQuantized } from './pack-quantized.ts';

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

/** Lays out a module's matrices as adapter.bin has them, from `offset` on. */
export function packModule({ node, down, up }: LowRankPair, dtype: AdapterManifest['dtype'], offset: number) {
  const rank = Math.ceil(down.columns / ADAPTER_PANEL) * ADAPTER_PANEL;
  const sizes = { inputs: down.rows, outputs: up.columns, rank };
  const { whole, down: upStart } = moduleBytes(sizes, dtype);
  const bytes = new Uint8Array(whole);
  const first = toPanels(down, { rows: down.rows, columns: rank });
  const second = toPanels(up, { rows: rank, columns: Math.ceil(up.columns / ADAPTER_PANEL) * ADAPTER_PANEL });
  if (dtype === 'q8') packQuantized(bytes, { panels: first, inputs: down.rows }, { panels: second, inputs: rank, start: upStart });
  else {
    const floats = new Float32Array(bytes.buffer);
    floats.set(first);
    floats.set(second, first.length);
  }
  const module: AdapterModule = { node, ...sizes, offset };
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
