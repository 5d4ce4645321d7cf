import type { Manifest } from './manifest.ts';

/** What an isolate may hold, JavaScript heap and WebAssembly memory together, on Cloudflare Workers. */
export const DEFAULT_MEMORY_LIMIT_MB = 128;

/** Heap that @huggingface/tokenizers keeps for each byte of tokenizer.json: 18 MB for GPT-2's 50,257 tokens. */
const TOKENIZER_HEAP_PER_BYTE = 11;

/** What a model needs in a Worker to serve one sequence of its whole context window. */
export interface MemoryPlan {
  /** What is held, with its bytes, in the order of loading. */
  readonly parts: readonly { readonly name: string; readonly bytes: number }[];
  readonly totalBytes: number;
}

export function memoryPlan(parts: MemoryPlan['parts']): MemoryPlan {
  return { parts, totalBytes: parts.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** The tokenizer's part of any plan. An estimate from above. */
export function tokenizerHeap({ files }: Pick<Manifest, 'files'>) {
  return { name: 'tokenizer', bytes: TOKENIZER_HEAP_PER_BYTE * (files['tokenizer.json']?.bytes ?? 0) };
}

/** `72 MB: engine 16 MB, weights 47 MB, …` */
export function describeMemoryPlan({ parts, totalBytes }: MemoryPlan): string {
  const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`;
  return `${megabytes(totalBytes)}: ${parts.map(({ name, bytes }) => `${name} ${megabytes(bytes)}`).join(', ')}`;
}
