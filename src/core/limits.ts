// Limits on what is read from a model folder. Each is far above any model that fits into a Worker, and far below what
// would harm one.

/** Bytes of a graph. The graph of a small decoder has some tens of kB; even with many layers it stays under 2 MB. */
export const MAX_GRAPH_BYTES = 16 * 2 ** 20;
/** Bytes of tokenizer.json. With a vocabulary of 150,000 it has about 10 MB. */
export const MAX_TOKENIZER_BYTES = 32 * 2 ** 20;
/** Bytes of config.json, generation_config.json, tokenizer_config.json and manifest.json, each. */
export const MAX_CONFIG_BYTES = 4 * 2 ** 20;
/** Bytes of README.md, the model card. Long ones have some tens of kB. */
export const MAX_CARD_BYTES = 2 ** 20;
/** Bytes of a chat template. The longest published ones have some 20,000. */
export const MAX_CHAT_TEMPLATE_BYTES = 2 ** 18;
/** Bytes of the weights. A WebAssembly memory ends at 4 GiB, and no Worker has half of that. */
export const MAX_WEIGHTS_BYTES = 2 * 2 ** 30;
/** Positions of one sequence. Llama 3 has 131,072. */
export const MAX_CONTEXT_WINDOW = 2 ** 20;
/** Entries of a vocabulary. The largest published ones have about 262,000. */
export const MAX_VOCABULARY = 2 ** 20;
/**
 * Layers of a decoder, each of which costs nodes in the graph and two tensors of the KV cache. Llama 3.1 405B has 126.
 */
export const MAX_LAYERS = 2 ** 10;
/** Heads, widths, and other dimensions. */
export const MAX_DIMENSION = 2 ** 17;
/** Ranks of adapters. Published ones have 4 to 256; the kernels have room for so many sums. */
export const MAX_ADAPTER_RANK = 512;
/** Bytes of an adapter's numbers. Beside a model of 100 million weights, an isolate has room for a tenth of it. */
export const MAX_ADAPTER_BYTES = 256 * 2 ** 20;
/** Adapters of one model. Each is listed as a model of its own. */
export const MAX_ADAPTERS = 256;
/**
 * Milliseconds that a bucket may let a request wait, for its answer or for the next bytes of a body. R2 answers in some
 * tens; what stands still for so long does not go on by itself.
 */
export const STORAGE_SILENCE_MS = 30_000;
