import { PAGE_POSITIONS } from '../../attention-layouts.ts';
import type { MemoryViews } from '../../memory-views.ts';

/** Where the numbers of a position lie, as indices into the views of their kind. */
export interface Places {
  key(position: number, dimension: number): number;
  value(position: number, dimension: number): number;
}

/** The address of a position's block, which lies `offset` behind its page's address. */
function blockOf({ u32 }: MemoryViews, pages: number, position: number, offset: number): number {
  return u32[(pages >> 2) + Math.floor(position / PAGE_POSITIONS)] + offset;
}

/** Of float32: keys [4 groups][headDimension][8 positions], values [headDimension / 8][32 positions][8]. */
export function placesF32(views: MemoryViews, pages: number, offset: number, width: number): Places {
  const start = (position: number) => blockOf(views, pages, position, offset) >> 2;
  return {
    key: (position, d) => start(position) + ((position & 31) >> 3) * width * 8 + d * 8 + (position & 7),
    value: (position, d) => start(position) + 32 * width + (d >> 3) * 256 + (position & 31) * 8 + (d & 7),
  };
}

export interface PlacesQ8 extends Places {
  keyScale(position: number): number;
  valueScale(position: number): number;
}

/** Of int8: key scales, keys [4 groups][headDimension / 2][8 positions][2], value scales, values [headDimension / 8][16 pairs of positions][8][2]. */
export function placesQ8(views: MemoryViews, pages: number, offset: number, width: number): PlacesQ8 {
  const keys = (position: number) => blockOf(views, pages, position, offset);
  const values = (position: number) => keys(position) + 128 + 32 * width;
  return {
    keyScale: (position) => (keys(position) >> 2) + (position & 31),
    key: (position, d) => keys(position) + 128 + ((position & 31) >> 3) * width * 8 + (d >> 1) * 16 + (position & 7) * 2 + (d & 1),
    valueScale: (position) => (values(position) >> 2) + (position & 31),
    value: (position, d) => values(position) + 128 + (d >> 3) * 256 + ((position & 31) >> 1) * 16 + (d & 7) * 2 + (position & 1),
  };
}
