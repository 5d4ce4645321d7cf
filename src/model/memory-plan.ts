import { externalDataFiles, GRAPH_FILE } from './graph-files.ts';
import type { Manifest } from './manifest.ts';

/** What an isolate may hold, JavaScript heap and WebAssembly memory together, on Cloudflare Workers. */
export const DEFAULT_MEMORY_LIMIT_MB = 128;

/** onnxruntime-web's memory before any model, and its graph, buffers and growth. */
const ENGINE_BYTES = 16e6;
/** onnxruntime-web holds matrices as they were loaded and as its kernels want them. */
const WEIGHT_COPIES = 2;
/** Heap that @huggingface/tokenizers keeps for each byte of tokenizer.json: 18 MB for GPT-2's 50,257 tokens. */
const TOKENIZER_HEAP_PER_BYTE = 11;

export interface MemoryPlan {
  /** What is held, with its bytes, in the order of loading. */
  parts: { name: string; bytes: number }[];
  totalBytes: number;
}

/** What a model needs in a Worker on onnxruntime-web to serve one sequence of its whole context window. An estimate from above. */
export function planMemory(manifest: Manifest): MemoryPlan {
  const parts = [
    { name: 'engine', bytes: ENGINE_BYTES },
    { name: 'weights', bytes: WEIGHT_COPIES * computedBytes(manifest) },
    { name: 'tokenizer', bytes: TOKENIZER_HEAP_PER_BYTE * (manifest.files['tokenizer.json']?.bytes ?? 0) },
    { name: `KV cache of ${manifest.contextWindow} tokens`, bytes: manifest.kvBytesPerToken * manifest.contextWindow },
  ];
  return { parts, totalBytes: parts.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Float16 is computed, and so held, in float32; quantized weights are held as they are stored. */
function computedBytes({ dtype, files }: Manifest): number {
  const external = externalDataFiles(Object.keys(files));
  // A graph without external data holds its weights itself.
  const names = external.length > 0 ? external : [GRAPH_FILE];
  const bytes = names.reduce((sum, name) => sum + (files[name]?.bytes ?? 0), 0);
  return bytes * (dtype.startsWith('fp16') ? 2 : 1);
}

/** `72 MB: engine 16 MB, weights 47 MB, …` */
export function describeMemoryPlan({ parts, totalBytes }: MemoryPlan): string {
  const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`;
  return `${megabytes(totalBytes)}: ${parts.map(({ name, bytes }) => `${name} ${megabytes(bytes)}`).join(', ')}`;
}
