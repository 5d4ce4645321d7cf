import { externalDataFiles, GRAPH_FILE } from './graph-files.ts';
import type { Manifest } from './manifest.ts';

/** What an isolate may hold, JavaScript heap and WebAssembly memory together, on Cloudflare Workers. */
export const DEFAULT_MEMORY_LIMIT_MB = 128;

/** onnxruntime-web's memory before any model, and its graph, buffers and growth. */
const ENGINE_BYTES = 16e6;
/** onnxruntime-web holds matrices as they were loaded and as its kernels want them. */
const WEIGHT_COPIES = 2;
/**
 * What a byte-pair encoding in typed arrays keeps for each byte of tokenizer.json. Measured: 2.3 for 4,096 tokens, with what the code itself
 * takes, 1.9 for SmolLM2's 49,152 (3.0 MB), 1.3 for Llama 2 and 3, 0.8 for Qwen 3. The rare model of another kind is held by
 * @huggingface/tokenizers and takes up to 11.
 */
const TOKENIZER_HEAP_PER_BYTE = 2.5;

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
