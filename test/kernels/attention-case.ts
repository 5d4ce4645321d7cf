import {
  attentionScratchBytes,
  type KvCacheKind,
  kvHeadBytes,
  kvLayerOffset,
  kvPageBytes,
  kvPageStride,
  PAGE_POSITIONS,
} from '../../src/kernels/attention-layouts.ts';
import { FIRST_FREE_BYTE, type Kernels, WASM_PAGE_BYTES } from '../../src/kernels/kernels.ts';
import type { MemoryViews } from '../../src/kernels/memory-views.ts';
import { placesQ8 } from '../../src/kernels/reference/attention/places.ts';
import { SeededRandom } from '../generation/seeded-random.ts';

export interface AttentionShape {
  kind: KvCacheKind;
  heads: number;
  keyValueHeads: number;
  headDimension: number;
  /** How many positions the cache holds in the end. */
  positions: number;
  window?: number;
  /** The magnitude of the inputs, on which the spread of the scores depends. */
  spread?: number;
}

/** Pages in a block. */
const BLOCK_PAGES = 3;

/** The second of two layers of a model: where everything lies in memory, and the calls of the kernels. */
export class AttentionCase {
  readonly shape: AttentionShape;
  readonly scale: number;
  readonly queryStride: number;
  readonly keyStride: number;
  readonly query: number;
  readonly key: number;
  readonly value: number;
  readonly y: number;
  readonly pageTable: number;
  readonly scratch: { from: number; bytes: number };
  readonly memoryPages: number;
  readonly #firstPage: number;
  readonly #offset: number;

  constructor(shape: AttentionShape) {
    const { kind, heads, keyValueHeads, headDimension, positions } = shape;
    this.shape = shape;
    this.scale = 1 / Math.sqrt(headDimension);
    let end = FIRST_FREE_BYTE;
    const take = (bytes: number) => {
      const address = end;
      end += (bytes + 15) & ~15;
      return address;
    };
    this.queryStride = heads * headDimension * 4 + 16;
    this.keyStride = keyValueHeads * headDimension * 4 + 32;
    this.query = take(this.queryStride * positions);
    this.key = take(this.keyStride * positions);
    this.value = take(this.keyStride * positions);
    this.y = take(this.queryStride * positions);
    const scratchBytes = attentionScratchBytes(heads, keyValueHeads, headDimension);
    this.scratch = { from: take(scratchBytes), bytes: scratchBytes };
    const count = Math.ceil(positions / PAGE_POSITIONS / BLOCK_PAGES) * BLOCK_PAGES;
    this.pageTable = take(count * 4);
    this.#firstPage = take(count * kvPageBytes(kind, 2, keyValueHeads, headDimension));
    this.#offset = kvLayerOffset(kind, 1, BLOCK_PAGES, keyValueHeads, headDimension);
    this.memoryPages = Math.ceil(end / WASM_PAGE_BYTES);
  }

  /**
   * Writes random inputs, and blocks in reverse order that still hold finite numbers from an earlier use, which depend
   * on `seed`.
   */
  fill(views: MemoryViews, seed = 1): void {
    const { kind, keyValueHeads, headDimension, positions, spread = 2 } = this.shape;
    const bytes = kvPageBytes(kind, 2, keyValueHeads, headDimension) * BLOCK_PAGES;
    const stride = kvPageStride(kind, keyValueHeads, headDimension);
    const blocks = Math.ceil(positions / PAGE_POSITIONS / BLOCK_PAGES);
    const garbage = new SeededRandom(seed);
    for (let i = this.#firstPage >> 2; i < (this.#firstPage + blocks * bytes) >> 2; i++) views.f32[i] = (garbage.next() - 0.5) * 1e30;
    for (let i = this.y >> 2; i < (this.scratch.from + this.scratch.bytes) >> 2; i++) views.f32[i] = garbage.next() * 1e10;
    for (let page = 0; page < blocks * BLOCK_PAGES; page++) {
      const block = this.#firstPage + (blocks - 1 - Math.floor(page / BLOCK_PAGES)) * bytes;
      views.u32[(this.pageTable >> 2) + page] = block + (page % BLOCK_PAGES) * stride;
    }
    const random = new SeededRandom(7);
    for (let i = this.query >> 2; i < this.y >> 2; i++)
      views.f32[i] = (random.next() + random.next() - 1) * 3 * (random.next() < 0.02 ? spread * 2 : spread);
  }

  append(kernels: Kernels, position: number, rows: number): void {
    const { kind, keyValueHeads, headDimension } = this.shape;
    const k = this.key + position * this.keyStride;
    const v = this.value + position * this.keyStride;
    kernels[`append${kind}`](
      k,
      this.keyStride,
      v,
      this.keyStride,
      this.pageTable,
      this.#offset,
      position,
      rows,
      keyValueHeads,
      headDimension,
    );
  }

  attend(kernels: Kernels, position: number, rows: number): void {
    const { kind, heads, keyValueHeads, headDimension, window = 0 } = this.shape;
    const x = this.query + position * this.queryStride;
    const y = this.y + position * this.queryStride;
    const stride = this.queryStride;
    const sizes = [rows, heads, keyValueHeads, headDimension] as const;
    kernels[`attend${kind}`](x, stride, y, stride, this.pageTable, this.#offset, position, ...sizes, this.scale, window, this.scratch.from);
  }

  /** Appends all positions and attends from each of them. */
  run(kernels: Kernels): void {
    this.append(kernels, 0, this.shape.positions);
    this.attend(kernels, 0, this.shape.positions);
  }

  /** The result of one row, as it lies in memory. */
  result({ f32 }: MemoryViews, row: number): Float32Array {
    const start = (this.y + row * this.queryStride) >> 2;
    return f32.slice(start, start + this.shape.heads * this.shape.headDimension);
  }

  /**
   * The result of one row in float64.
   * @param quantized computes from the keys and values in the Q8 cache instead of from the inputs
   */
  exact(views: MemoryViews, row: number, quantized = false): Float64Array {
    const { heads, keyValueHeads, headDimension: width, window = 0 } = this.shape;
    const first = window > 0 ? Math.max(0, row - window + 1) : 0;
    const positions = Array.from({ length: row - first + 1 }, (_, i) => first + i);
    const result = new Float64Array(heads * width);
    for (let head = 0; head < heads; head++) {
      const { key, value } = (quantized ? this.#cached : this.#inputs).call(this, views, Math.floor(head / (heads / keyValueHeads)));
      const query = ((this.query + row * this.queryStride) >> 2) + head * width;
      const scores = positions.map((p) => {
        let sum = 0;
        for (let d = 0; d < width; d++) sum += views.f32[query + d] * key(p, d);
        return sum * this.scale;
      });
      const greatest = Math.max(...scores);
      const weights = scores.map((score) => Math.exp(score - greatest));
      const total = weights.reduce((a, b) => a + b);
      for (let d = 0; d < width; d++)
        result[head * width + d] = weights.reduce((sum, weight, i) => sum + weight * value(positions[i], d), 0) / total;
    }
    return result;
  }

  #inputs({ f32 }: MemoryViews, keyValueHead: number) {
    const at = (address: number) => (position: number, d: number) =>
      f32[((address + position * this.keyStride) >> 2) + keyValueHead * this.shape.headDimension + d];
    return { key: at(this.key), value: at(this.value) };
  }

  #cached(views: MemoryViews, keyValueHead: number) {
    const places = placesQ8(
      views,
      this.pageTable,
      this.#offset + keyValueHead * kvHeadBytes('Q8', this.shape.headDimension),
      this.shape.headDimension,
    );
    return {
      key: (position: number, d: number) => views.i8[places.key(position, d)] * views.f32[places.keyScale(position)],
      value: (position: number, d: number) => views.i8[places.value(position, d)] * views.f32[places.valueScale(position)],
    };
  }
}
