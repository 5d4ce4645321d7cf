import type { GgufFile } from './open-gguf-file.ts';

/** How a tensor's values are moved on their way into Hugging Face's layout. */
export type Rearrangement = 'none' | 'query-rows' | 'key-rows' | 'transposed';

export interface RenamedTensor {
  /** Hugging Face's name. */
  readonly name: string;
  readonly rearrangement: Rearrangement;
}

/** How one of GGUF's architectures reads in Hugging Face's terms. */
export interface GgufArchitecture {
  /** `general.architecture`. */
  readonly name: string;
  /**
   * config.json, but for the tokens.
   * @throws GptEdgeError `invalid_file` for a field that is missing or beyond its limit, `unsupported_model` for one that is not
   *   implemented
   */
  config(gguf: GgufFile): Record<string, unknown>;
  /** Undefined for a tensor that is no part of the architecture. */
  rename(tensor: string): RenamedTensor | undefined;
}

/** Names in Hugging Face's layout by GGUF's, and a rearrangement where there is one. */
export type TensorNames = Readonly<Record<string, string | readonly [string, Rearrangement]>>;

/** Renames by two tables: whole names, and those of layers, which follow `blk.<layer>.` here and `layerPrefix` there. */
export function renameWith(
  names: TensorNames,
  layerNames: TensorNames,
  layerPrefix: (layer: string) => string,
): GgufArchitecture['rename'] {
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
