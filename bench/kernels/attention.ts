import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  attentionScratchBytes,
  type KvCacheKind,
  kvLayerOffset,
  kvPageBytes,
  kvPageStride,
  PAGE_POSITIONS,
} from '../../src/kernels/attention-layouts.ts';
import { instantiateKernels } from '../../src/kernels/instantiate-kernels.ts';
import { FIRST_FREE_BYTE, type Kernels, WASM_PAGE_BYTES } from '../../src/kernels/kernels.ts';
import { median } from '../median.ts';

/**
 * The speed of attention in one decode step of SmolLM2-135M: append and attend of all layers in turn, as a step runs
 * them.
 * Usage: node bench/kernels/attention.ts [positions ...]
 */
const LAYERS = 30;
const HEADS = 9;
const KEY_VALUE_HEADS = 3;
const WIDTH = 64;
const STEPS = 41;

interface Bench {
  step(position: number): void;
}

function attentionBench(kernels: Kernels, memory: WebAssembly.Memory, kind: KvCacheKind, positions: number, blockPages: number): Bench {
  const queryBytes = HEADS * WIDTH * 4;
  const keyBytes = KEY_VALUE_HEADS * WIDTH * 4;
  const blocks = Math.ceil(positions / PAGE_POSITIONS / blockPages);
  const count = blocks * blockPages;
  const offset = (layer: number) => kvLayerOffset(kind, layer, blockPages, KEY_VALUE_HEADS, WIDTH);
  const stride = kvPageStride(kind, KEY_VALUE_HEADS, WIDTH);
  const pageBytes = kvPageBytes(kind, LAYERS, KEY_VALUE_HEADS, WIDTH);
  const query = FIRST_FREE_BYTE;
  const key = query + queryBytes;
  const y = key + keyBytes * 2;
  const table = y + queryBytes;
  const scratch = (table + count * 4 + 63) & ~63;
  const first = (scratch + attentionScratchBytes(HEADS, KEY_VALUE_HEADS, WIDTH) + 63) & ~63;
  memory.grow(Math.ceil((first + count * pageBytes - memory.buffer.byteLength) / WASM_PAGE_BYTES));
  const f32 = new Float32Array(memory.buffer);
  new Uint32Array(memory.buffer).set(
    Array.from(
      { length: count },
      (_, page) => first + Math.floor(page / blockPages) * blockPages * pageBytes + (page % blockPages) * stride,
    ),
    table / 4,
  );
  const scale = 1 / Math.sqrt(WIDTH);
  const append = (layer: number, position: number) =>
    kernels[`append${kind}`](key, 0, key + keyBytes, 0, table, offset(layer), position, 1, KEY_VALUE_HEADS, WIDTH);
  const randomize = () => {
    for (let i = query / 4; i < y / 4; i++) f32[i] = Math.random() * 4 - 2;
  };
  for (let position = 0; position < positions; position++) {
    randomize();
    for (let layer = 0; layer < LAYERS; layer++) append(layer, position);
  }
  return {
    step(position) {
      for (let layer = 0; layer < LAYERS; layer++) {
        append(layer, position);
        kernels[`attend${kind}`](query, 0, y, 0, table, offset(layer), position, 1, HEADS, KEY_VALUE_HEADS, WIDTH, scale, 0, scratch);
      }
    },
  };
}

/**
 * Other memory that is read between steps. Like the weights of a model, it is more than the processor's caches hold.
 */
const weights = new Float64Array(96 * 2 ** 17).fill(1);

/**
 * The median milliseconds of a step at a number of positions, with the KV cache evicted from the processor's caches.
 */
function measure(bench: Bench, positions: number): number {
  const times = Array.from({ length: STEPS }, () => {
    let sum = 0;
    for (let i = 0; i < weights.length; i += 8) sum += weights[i];
    if (sum === 0) throw new Error('unreachable');
    const start = performance.now();
    bench.step(positions - 1);
    return performance.now() - start;
  });
  return median(times);
}

const compiled = new WebAssembly.Module(readFileSync(join(import.meta.dirname, '../../dist/kernels/relaxed.wasm')));
const counts = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [50, 1000];
for (const kind of ['Q8', 'F32'] as const)
  for (const blockPages of [1, 2, 4, 8, 32]) {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const bench = attentionBench(instantiateKernels(compiled, memory), memory, kind, Math.max(...counts), blockPages);
    // V8 optimizes code that has run often, on another thread; give it time to finish.
    for (let i = 0; i < 10; i++) for (const positions of counts) bench.step(positions - 1);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const figures = counts.map((positions) => `${measure(bench, positions).toFixed(2)} ms at ${positions}`);
    console.log(`${kind}, ${blockPages} pages in a block: ${figures.join(', ')} positions`);
  }
