/** What a conversion is told. */
export interface ConvertOptions {
  /** A folder in Hugging Face's layout, with safetensors or an ONNX graph, a GGUF file, or a .bin of llama2.c. */
  readonly source: string;
  /** The model folder to write. It must not exist, or be a model folder, which is then replaced. */
  readonly target: string;
  /** Path of the tokenizer.bin for a llama2.c source. Default: tokenizer.bin or tok*.bin beside it. */
  readonly tokenizer?: string;
  /** Names the model in the bucket and in requests. Default: the source's name, without .gguf or .bin. */
  readonly id?: string;
  /** How weights are stored, one of `dtypeNames`. Default: what comes nearest to the source. Of several ONNX graphs it chooses one. */
  readonly dtype?: string;
  /** How embeddings and output heads are stored, one of `embeddingNames`. Default: q8 with dtype q4, and the same with any other. */
  readonly embeddings?: string;
  /** Positions to keep. Default: all that the model has. */
  readonly contextWindow?: number;
  /** Ends the conversion before its next tensor, with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called after each tensor with the source's bytes converted so far. */
  readonly onProgress?: (progress: { readonly bytes: number; readonly totalBytes: number }) => void;
}
