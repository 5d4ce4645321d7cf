import type { GgufFile } from './open-gguf-file.ts';

/** How a tensor's values are changed for Hugging Face's layout. */
export type Rearrangement = 'none' | 'query-rows' | 'key-rows' | 'packed-rows' | 'transposed' | 'minus-one';

export interface RenamedTensor {
  /** Hugging Face's name. */
  readonly name: string;
  readonly rearrangement: Rearrangement;
}

/** How to translate one of GGUF's architectures into Hugging Face's terms. */
export interface GgufArchitecture {
  /** `general.architecture`. */
  readonly name: string;
  /**
   * Returns config.json without the ids of special tokens.
   * @throws GptEdgeError `invalid_file` for a field that is missing or beyond its limit, `unsupported_model` for one
   *   that is not implemented
   */
  config(gguf: GgufFile): Record<string, unknown> | Promise<Record<string, unknown>>;
  /**
   * Returns undefined for a tensor that is not part of the architecture, and 'settings' for one whose values are part
   * of `config`.
   */
  rename(tensor: string): RenamedTensor | 'settings' | undefined;
}

/** Hugging Face's names by GGUF's, each with a rearrangement if one is needed. */
export type TensorNames = Readonly<Record<string, string | readonly [string, Rearrangement]>>;

/**
 * Makes a `rename` from two tables: one of whole names, and one of names in a layer, which follow `blk.<layer>.` in
 * GGUF and `layerPrefix` in Hugging Face's layout.
 */
export function renameWith(
  names: TensorNames,
  layerNames: TensorNames,
  layerPrefix: (layer: string) => string,
): (tensor: string) => RenamedTensor | undefined {
  const look = (table: TensorNames, name: string, prefix: string): RenamedTensor | undefined => {
    if (!Object.hasOwn(table, name)) return undefined;
    const [renamed, rearrangement] = typeof table[name] === 'string' ? [table[name], 'none' as const] : table[name];
    return { name: prefix + renamed, rearrangement };
  };
  return (tensor) => {
    const [, layer, name] = /^blk\.(0|[1-9]\d*)\.(.+)$/.exec(tensor) ?? [];
    return layer === undefined ? look(names, tensor, '') : look(layerNames, name, layerPrefix(layer));
  };
}
