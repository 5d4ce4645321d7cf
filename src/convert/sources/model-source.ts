import type { Manifest } from '../../core/folder/manifest.ts';
import type { SmallFiles } from '../files/json-files.ts';
import type { TensorSource } from '../tensors/tensor-source.ts';

/** Whatever a conversion can start from. */
export type ModelSource = Checkpoint | PublishedGraph;

/** Weights to build a graph for. Whatever its format, it is presented as a folder in Hugging Face's layout would be. */
export interface Checkpoint extends SmallFiles {
  /** The name of the folder, or of the file without its extension. */
  readonly name: string;
  /** A description of the format in words, without the element type of the weights. */
  readonly layout: string;
  /** The license's name, if something other than the model card states it. */
  readonly license?: string;
  /** The weights, which are read one tensor at a time. Whoever opened the checkpoint closes them. */
  readonly weights: TensorSource;
}

/**
 * A decoder that was published as an ONNX graph. It has been checked and described; none of its weights has been read.
 */
export interface PublishedGraph extends SmallFiles {
  /** The name of the folder. */
  readonly name: string;
  readonly graphPath: string;
  /** Sizes in bytes of the files that the graph takes weights from, by name. They lie beside the graph. */
  readonly externalData: ReadonlyMap<string, number>;
  /** A description of the graph in words. */
  readonly layout: string;
  /** What the manifest states about the model. */
  readonly facts: Omit<Manifest, 'format' | 'id' | 'files' | 'source'>;
}
