import type { Manifest } from './folder/manifest.ts';

/** Megabytes that an isolate on Cloudflare Workers may hold, JavaScript heap and WebAssembly memory together. */
export const DEFAULT_MEMORY_LIMIT_MB = 128;

/**
 * Bytes of the heap that a byte-pair encoding in typed arrays keeps for each byte of tokenizer.json, and for any. Measured:
 * 0.7 MB with 0.3 MB of file and 4,096 tokens, the code itself included; 3.0 MB with SmolLM2's 1.6 MB and 49,152 tokens;
 * 1.3 bytes for each with Llama 2 and 3; 0.8 with Qwen 3. The rare tokenizers of other kinds are run by
 * @huggingface/tokenizers, and take up to 11.
 */
const TOKENIZER_HEAP_PER_BYTE = 1.9;
const TOKENIZER_HEAP = 2e5;

/** Bytes of masks over the vocabulary that are kept for states of answers that come again: 42 of 49,152 tokens. */
export const KEPT_MASK_BYTES = 2 ** 18;
/**
 * Bytes of the vocabulary's trie for each token, of which answers of a form need one: 8 for each node, and SmolLM2's
 * 49,152 tokens have 2.04 nodes each.
 */
const TRIE_BYTES_PER_TOKEN = 17;

/** What a model needs in a Worker to serve one sequence of its whole context window. */
export interface MemoryPlan {
  /** Everything that is held, with its bytes, in the order of loading. */
  readonly parts: readonly { readonly name: string; readonly bytes: number }[];
  readonly totalBytes: number;
  /** Bytes among them that an isolate holds once for all of its models. */
  readonly sharedBytes: number;
  /**
   * Bytes among them that stay with the isolate when the model is unloaded, for other models of their kind:
   * onnxruntime-web has one memory for all of its models, which never shrinks.
   */
  readonly retainedBytes: number;
}

/** Adds up the parts of a memory plan. */
export function memoryPlan(parts: MemoryPlan['parts'], { sharedBytes = 0, retainedBytes = 0 } = {}): MemoryPlan {
  return { parts, totalBytes: parts.reduce((sum, { bytes }) => sum + bytes, 0), sharedBytes, retainedBytes };
}

/**
 * Bytes of an isolate that holds several models.
 * @param retainedBytes what it has retained already, also of models that are unloaded
 */
export function isolateBytes(plans: readonly MemoryPlan[], retainedBytes = 0): number {
  const sum = (bytesOf: (plan: MemoryPlan) => number) => plans.reduce((total, plan) => total + bytesOf(plan), 0);
  const shared = Math.max(0, ...plans.map((plan) => plan.sharedBytes));
  const retained = Math.max(
    retainedBytes,
    sum((plan) => plan.retainedBytes),
  );
  return shared + retained + sum((plan) => plan.totalBytes - plan.sharedBytes - plan.retainedBytes);
}

/** The parts of a memory plan that grow with the vocabulary, as estimates: the tokenizer, and what answers of a form need. */
export function vocabularyHeap({ files, vocabularySize }: Pick<Manifest, 'files' | 'vocabularySize'>): MemoryPlan['parts'] {
  return [
    { name: 'tokenizer', bytes: TOKENIZER_HEAP + Math.ceil(TOKENIZER_HEAP_PER_BYTE * (files['tokenizer.json']?.bytes ?? 0)) },
    { name: 'masks', bytes: KEPT_MASK_BYTES + TRIE_BYTES_PER_TOKEN * vocabularySize },
  ];
}

/**
 * A plan's parts and total in tenths of a megabyte, for people. The total is rounded up, so that a plan over a limit is
 * never shown as one within it; and each part so that they add up to the total, which differs from its exact value by
 * less than a tenth.
 */
export function inMegabytes({ parts, totalBytes }: Pick<MemoryPlan, 'parts' | 'totalBytes'>): {
  parts: { name: string; megabytes: string }[];
  total: string;
} {
  let sum = 0;
  const rounded = parts.map(({ name, bytes }) => {
    const before = tenths(sum);
    sum += bytes;
    return { name, megabytes: inTenths(tenths(sum) - before) };
  });
  return { parts: rounded, total: upToTenths(totalBytes) };
}

/** Bytes in tenths of a megabyte, rounded up: `72.1 MB`. */
export const upToTenths = (bytes: number): string => inTenths(tenths(bytes));

const tenths = (bytes: number): number => Math.ceil(bytes / 1e5);
const inTenths = (count: number): string => `${(count / 10).toFixed(1)} MB`;

/** Formats a memory plan for a message: `72.0 MB: engine 16.0 MB, weights 47.2 MB, …` */
export function describeMemoryPlan(plan: MemoryPlan): string {
  const { parts, total } = inMegabytes(plan);
  return `${total}: ${parts.map(({ name, megabytes }) => `${name} ${megabytes}`).join(', ')}`;
}
