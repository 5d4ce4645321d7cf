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

/** The tokenizer's part of a memory plan: an estimate from above. */
export function tokenizerHeap({ files }: Pick<Manifest, 'files'>) {
  return { name: 'tokenizer', bytes: Math.ceil(TOKENIZER_HEAP_PER_BYTE * (files['tokenizer.json']?.bytes ?? 0)) };
}

/** Formats a memory plan for a message: `72 MB: engine 16 MB, weights 47 MB, …` */
export function describeMemoryPlan({ parts, totalBytes }: MemoryPlan): string {
  const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`;
  return `${megabytes(totalBytes)}: ${parts.map(({ name, bytes }) => `${name} ${megabytes(bytes)}`).join(', ')}`;
}
