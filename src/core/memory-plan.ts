import type { Manifest } from './folder/manifest.ts';

/** Megabytes that an isolate on Cloudflare Workers may hold, JavaScript heap and WebAssembly memory together. */
export const DEFAULT_MEMORY_LIMIT_MB = 128;

/**
 * Bytes of the heap that a byte-pair encoding in typed arrays keeps for each byte of tokenizer.json. Measured: 2.3 for
 * 4,096 tokens, including the code itself; 1.9 for SmolLM2's 49,152 tokens (3.0 MB); 1.3 for Llama 2 and 3; 0.8 for
 * Qwen 3. The rare tokenizers of other kinds are run by @huggingface/tokenizers, and take up to 11.
 */
const TOKENIZER_HEAP_PER_BYTE = 2.5;

/** What a model needs in a Worker to serve one sequence of its whole context window. */
export interface MemoryPlan {
  /** Everything that is held, with its bytes, in the order of loading. */
  readonly parts: readonly { readonly name: string; readonly bytes: number }[];
  readonly totalBytes: number;
}

/** Adds up the parts of a memory plan. */
export function memoryPlan(parts: MemoryPlan['parts']): MemoryPlan {
  return { parts, totalBytes: parts.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** The tokenizer's part of a memory plan: an upper estimate. */
export function tokenizerHeap({ files }: Pick<Manifest, 'files'>) {
  return { name: 'tokenizer', bytes: Math.ceil(TOKENIZER_HEAP_PER_BYTE * (files['tokenizer.json']?.bytes ?? 0)) };
}

/**
 * A plan's parts and total in tenths of a megabyte, for people. The total is rounded up, so that a plan over a limit is
 * never shown as one within it; and each part so that they add up to the total, which differs from its exact value by
 * less than a tenth.
 */
export function inMegabytes({ parts, totalBytes }: MemoryPlan): { parts: { name: string; megabytes: string }[]; total: string } {
  const tenths = (bytes: number) => Math.ceil(bytes / 1e5);
  const text = (count: number) => `${(count / 10).toFixed(1)} MB`;
  let sum = 0;
  const rounded = parts.map(({ name, bytes }) => {
    const before = tenths(sum);
    sum += bytes;
    return { name, megabytes: text(tenths(sum) - before) };
  });
  return { parts: rounded, total: text(tenths(totalBytes)) };
}

/** Formats a memory plan for a message: `72.0 MB: engine 16.0 MB, weights 47.2 MB, …` */
export function describeMemoryPlan(plan: MemoryPlan): string {
  const { parts, total } = inMegabytes(plan);
  return `${total}: ${parts.map(({ name, megabytes }) => `${name} ${megabytes}`).join(', ')}`;
}
