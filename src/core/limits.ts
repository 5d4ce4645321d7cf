/** Caps on what is read from a model folder. Each is far above any model that fits a Worker, and far below what would hurt one. */

/** A graph of a small decoder is some tens of kB; large ones with many layers stay under 2 MB. */
export const MAX_GRAPH_BYTES = 16 * 2 ** 20;
/** tokenizer.json of a 150k vocabulary has about 10 MB. */
export const MAX_TOKENIZER_BYTES = 32 * 2 ** 20;
/** config.json, generation_config.json, tokenizer_config.json, manifest.json. */
export const MAX_CONFIG_BYTES = 4 * 2 ** 20;
/** Weights: one WASM memory ends at 4 GiB; no Worker has half of it. */
export const MAX_WEIGHTS_BYTES = 2 * 2 ** 30;
/** Positions of one sequence. Llama 3 has 131,072. */
export const MAX_CONTEXT_WINDOW = 2 ** 20;
/** Entries of a vocabulary. The largest published ones have about 262,000. */
export const MAX_VOCABULARY = 2 ** 20;
/** Decoder layers: each costs nodes in the graph and two caches. Llama 3.1 405B has 126. */
export const MAX_LAYERS = 2 ** 10;
/** Heads, widths and the like. */
export const MAX_DIMENSION = 2 ** 17;
