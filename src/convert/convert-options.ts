import { GptEdgeError } from '../core/errors.ts';
import { modelIdSchema } from '../core/folder/manifest.ts';
import { withoutQuantization } from './quantization-suffixes.ts';

/** The options of a conversion. */
export interface ConvertOptions {
  /** A folder in Hugging Face's layout with safetensors or an ONNX graph, a GGUF file, or a .bin of llama2.c. */
  readonly source: string;
  /** The model folder to write. It must not exist yet, or be a model folder, which is then replaced. */
  readonly target: string;
  /** Path of the tokenizer.bin for a llama2.c source. Default: tokenizer.bin or the only tok*.bin beside it. */
  readonly tokenizer?: string;
  /** Names the model in the bucket and in requests. Default: the source's name, without its ending and the way in which its weights are stored: `withoutQuantization`. */
  readonly id?: string;
  /**
   * How weights are stored: one of `dtypeNames`. Default: the dtype nearest to the source's own. If the source holds
   * several ONNX graphs, this chooses one of them.
   */
  readonly dtype?: string;
  /**
   * How embeddings and output heads are stored: one of `embeddingNames`. Default: q8 with dtype q4, otherwise `same`.
   */
  readonly embeddings?: string;
  /** Positions to keep. Default: all that the model has. */
  readonly contextWindow?: number;
  /**
   * Sampling options that the model folder recommends, such as `temperature=0.2,top_p=0.9`. They replace those of the
   * checkpoint. Default: the checkpoint's; a chat model without a temperature gets CHAT_SAMPLING.
   */
  readonly sampling?: string;
  /** Called with a sentence about each thing that was decided because nothing was asked for. */
  readonly onNote?: (note: string) => void;
  /** Ends the conversion before its next tensor, with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called after each tensor with the bytes of the source that have been converted so far. */
  readonly onProgress?: (progress: { readonly bytes: number; readonly totalBytes: number }) => void;
}

/** @throws GptEdgeError `invalid_value` if the context window is not a positive integer */
export function checkContextWindow({ contextWindow }: ConvertOptions): void {
  if (contextWindow === undefined || (Number.isSafeInteger(contextWindow) && contextWindow >= 1)) return;
  throw new GptEdgeError('invalid_value', `contextWindow ${contextWindow} is not a positive integer`, { param: 'contextWindow' });
}

/**
 * Returns the model's id: the one that was asked for, or else the source's name without its quantization.
 * @throws GptEdgeError `invalid_value` if it cannot be an id
 */
export function chooseId({ id: asked }: ConvertOptions, source: { readonly name: string }): string {
  const id = asked ?? withoutQuantization(source.name);
  const parsed = modelIdSchema.safeParse(id);
  if (parsed.success) return id;
  throw new GptEdgeError('invalid_value', `id ${JSON.stringify(id)}: ${parsed.error.issues[0].message}`, { param: 'id' });
}
