import { ADAPTER_BLOCK, ADAPTER_PANEL } from '../../core/folder/adapter-manifest.ts';

/** A matrix in panels of float32, [inputs][8] numbers of one after those of the other. */
interface Panels {
  readonly panels: Float32Array;
  readonly inputs: number;
}

const MOST_CODE = 127;
/** Scales are stored as multiples of a unit, in 16 bits. */
const MOST_SCALE = 32_767;

/**
 * Quantizes both matrices of a module to 8 bits, in the layout of adapter.bin. Each output has a scale: in A one for
 * each block of inputs, as a multiple of its own unit, and in B one for all ranks, as a multiple of a unit that all
 * outputs share. That unit is a factor of A's row scales.
 */
export function packQuantized(bytes: Uint8Array<ArrayBuffer>, down: Panels, up: Panels & { readonly start: number }): void {
  const outputs = panelsOf(up).flatMap((panel) => columns.map((column) => magnitude(panel, column)));
  const unit = unitOf(outputs);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const panel of panelsOf(down)) at = packDown(view, at, panel, unit);
  at = up.start;
  for (const panel of panelsOf(up))
    at = packCodes(
      view,
      at,
      panel,
      columns.map((column) => scaleOf(magnitude(panel, column), unit)),
    );
}

const columns = Array.from({ length: ADAPTER_PANEL }, (_, column) => column);

function panelsOf({ panels, inputs }: Panels): Float32Array[] {
  const length = inputs * ADAPTER_PANEL;
  return Array.from({ length: panels.length / length }, (_, index) => panels.subarray(index * length, (index + 1) * length));
}

/** The greatest magnitude in a column of a part of a panel. */
function magnitude(part: Float32Array, column: number): number {
  let most = 0;
  for (let at = column; at < part.length; at += ADAPTER_PANEL) most = Math.max(most, Math.abs(part[at]));
  return most;
}

/** What the greatest of these magnitudes is so many times. */
const unitOf = (magnitudes: readonly number[]) => magnitudes.reduce((a, b) => Math.max(a, b), 0) / (MOST_CODE * MOST_SCALE);

interface Scale {
  readonly stored: number;
  readonly value: number;
}

/** The least multiple of the unit with which codes reach the magnitude. */
function scaleOf(magnitude: number, unit: number): Scale {
  const stored = unit > 0 ? Math.min(MOST_SCALE, Math.ceil(magnitude / (MOST_CODE * unit))) : 0;
  return { stored, value: stored * unit };
}

/** Writes a panel of A from `start` on. @returns where it ends */
function packDown(view: DataView, start: number, panel: Float32Array, factor: number): number {
  const block = ADAPTER_BLOCK * ADAPTER_PANEL;
  const blocks = Array.from({ length: Math.ceil(panel.length / block) }, (_, index) => {
    const whole = new Float32Array(block);
    whole.set(panel.subarray(index * block, (index + 1) * block));
    return whole;
  });
  const units = columns.map((column) => unitOf(blocks.map((part) => magnitude(part, column))));
  let at = start;
  for (const part of blocks)
    at = packCodes(
      view,
      at,
      part,
      columns.map((column) => scaleOf(magnitude(part, column), units[column])),
    );
  for (const column of columns) view.setFloat32(at + column * 4, units[column] * factor, true);
  return at + ADAPTER_PANEL * 4;
}

/** Writes codes, two inputs of each output side by side, and the scales of the outputs. @returns where they end */
function packCodes(view: DataView, start: number, part: Float32Array, scales: readonly Scale[]): number {
  const inputs = part.length / ADAPTER_PANEL;
  for (const [column, { stored, value }] of scales.entries()) {
    for (let input = 0; input < inputs; input++) {
      const code = value === 0 ? 0 : Math.round(part[input * ADAPTER_PANEL + column] / value);
      view.setInt8(start + (input >> 1) * 2 * ADAPTER_PANEL + column * 2 + (input & 1), code);
    }
    view.setInt16(start + inputs * ADAPTER_PANEL + column * 2, stored, true);
  }
  return start + inputs * ADAPTER_PANEL + ADAPTER_PANEL * 2;
}
