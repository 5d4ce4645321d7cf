import { GptEdgeError } from '../core/errors.ts';
import { excerpt } from '../core/excerpt.ts';
import { MAX_ID_LENGTH, MAX_SOURCE_LENGTH, modelIdSchema, type Pooling } from '../core/folder/manifest.ts';
import type { ModelFiles } from '../core/folder/model-files.ts';
import { showText } from '../core/invalid-file.ts';
import { withoutQuantization } from './quantization-suffixes.ts';

/** How a decoder's weights are stored, and how many positions are kept. */
export interface Settings {
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
}

/** A decoder whose settings can still be chosen. */
export interface OpenSettings {
  readonly id: string;
  /** The dtype that was asked for, or the one nearest to the source's own. */
  readonly dtype: string;
  /** Positions that were asked for, or all that the model has. */
  readonly contextWindow: number;
  /** Returns the model's files as a conversion with these settings would give them, without weights. */
  draft(settings: Settings): Promise<ModelFiles>;
}

/** The options of a conversion. */
export interface ConvertOptions extends Settings {
  /** A folder in Hugging Face's layout with safetensors or an ONNX graph, a GGUF file, or a .bin of llama2.c. */
  readonly source: string;
  /** The model folder to write. It must not exist yet, or be a model folder, which is then replaced. */
  readonly target: string;
  /** Path of the tokenizer.bin for a llama2.c source. Default: tokenizer.bin or the only tok*.bin beside it. */
  readonly tokenizer?: string;
  /** Names the model in the bucket and in requests. Default: made from the source's name, without .gguf or .bin. */
  readonly id?: string;
  /** The source's name. Default: that of its folder or file. */
  readonly name?: string;
  /** Where the source came from, in words, for the manifest. Default: its name. */
  readonly origin?: string;
  /**
   * Chooses the settings of a checkpoint, once it is known what it holds. A published graph has none to choose. Default:
   * those of the options.
   */
  readonly chooseSettings?: (open: OpenSettings) => Promise<Settings>;
  /**
   * Sampling options that the model folder recommends, such as `temperature=0.2,top_p=0.9`. They replace those of the
   * checkpoint. Default: the checkpoint's; a chat model without a temperature gets CHAT_SAMPLING.
   */
  readonly sampling?: string;
  /**
   * Texts whose tokens are kept. Of the others only those are that any text can be made of. Default: all tokens are kept.
   */
  readonly keepTokens?: readonly string[];
  /** How hidden states become embeddings, if the model was trained for that. Default: as DEFAULT_POOLING says. */
  readonly pooling?: Pooling;
  /** Called with the finished folder before it takes the target's place. What it throws ends the conversion. */
  readonly check?: (folder: string) => Promise<void>;
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
 * Returns the model's id: the one that was asked for, or else one that is made from the source's name, without the way
 * in which its weights are stored.
 * @throws GptEdgeError `invalid_value` if the one that was asked for cannot be an id
 */
export function chooseId({ id: asked, onNote }: Pick<ConvertOptions, 'id' | 'onNote'>, source: string): string {
  const name = withoutQuantization(source);
  const parsed = modelIdSchema.safeParse(asked ?? name);
  if (parsed.success) return parsed.data;
  if (asked !== undefined)
    throw new GptEdgeError('invalid_value', `id ${JSON.stringify(asked)}: ${parsed.error.issues[0].message}`, { param: 'id' });
  const id = idFrom(name);
  onNote?.(`The source's name, ${showText(name)}, cannot be an id, so the model is called ${id}. --id gives it another one.`);
  return id;
}

/** Makes an id of any name: what no id may have becomes a hyphen. */
function idFrom(name: string): string {
  const allowed = name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-');
  const id = allowed
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, MAX_ID_LENGTH)
    .replace(/-+$/, '');
  return id === '' ? 'model' : id;
}

/** What a manifest says of a model's source, within the length that it may have. */
export function describeOrigin(origin: string, layout: string): string {
  return `${excerpt(origin, MAX_SOURCE_LENGTH - layout.length - '… ()'.length)} (${layout})`;
}
