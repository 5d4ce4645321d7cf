import { KV_SCALES, kvHalfBytes, PAGE_POSITIONS } from '../../layout-sizes.ts';
import type { MemoryViews } from '../../memory-views.ts';

/** Where the numbers of a position lie in the KV cache, as indices into the views of their kind. */
export interface Places {
  key(position: number, dimension: number): number;
  value(position: number, dimension: number): number;
}

/** The address of the keys in a position's page, `offset` bytes after the address of the page. */
function keysOf({ u32 }: MemoryViews, pageTable: number, position: number, offset: number): number {
  return u32[(pageTable >> 2) + Math.floor(position / PAGE_POSITIONS)] + offset;
}

/** The F32 cache: keys [4 groups][headDimension][8 positions], values [headDimension / 8][32 positions][8]. */
export function placesF32(views: MemoryViews, pageTable: number, offset: number, width: number): Places {
  const keys = (position: number) => keysOf(views, pageTable, position, offset) >> 2;
  const values = (position: number) => keys(position) + kvHalfBytes(false, width) / 4;
  const at = (position: number) => position % PAGE_POSITIONS;
  return {
    key: (position, d) => keys(position) + (at(position) >> 3) * width * 8 + d * 8 + (position & 7),
    value: (position, d) => values(position) + (d >> 3) * PAGE_POSITIONS * 8 + at(position) * 8 + (d & 7),
  };
}

export interface PlacesQ8 extends Places {
  keyScale(position: number): number;
  valueScale(position: number): number;
}

/**
 * The Q8 cache: key scales, keys [4 groups][headDimension / 2][8 positions][2], value scales,
 * values [headDimension / 8][16 pairs of positions][8][2].
 */
export function placesQ8(views: MemoryViews, pageTable: number, offset: number, width: number): PlacesQ8 {
  const keys = (position: number) => keysOf(views, pageTable, position, offset);
  const values = (position: number) => keys(position) + kvHalfBytes(true, width);
  const at = (position: number) => position % PAGE_POSITIONS;
  return {
    keyScale: (position) => (keys(position) >> 2) + at(position),
    key: (position, d) => keys(position) + KV_SCALES + (at(position) >> 3) * width * 8 + (d >> 1) * 16 + (position & 7) * 2 + (d & 1),
    valueScale: (position) => (values(position) >> 2) + at(position),
    value: (position, d) =>
      values(position) + KV_SCALES + (d >> 3) * PAGE_POSITIONS * 8 + (at(position) >> 1) * 16 + (d & 7) * 2 + (position & 1),
  };
}
