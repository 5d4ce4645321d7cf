/** How a model runs on onnxruntime-web. The types of onnxruntime-web itself need a browser's, so they are not here. */
export interface OrtDecoderOptions {
  /** The compiled kernels, for choosing tokens. */
  readonly kernels: WebAssembly.Module;
  /** Bytes for the KV caches of all sequences together. One sequence of the whole context window always fits. */
  readonly cacheBytes: number;
}
