import { invalidFile, showText } from '../../../core/invalid-file.ts';
import { halfRotated } from '../../tensors/half-rotated-rows.ts';
import { reorderRows } from '../../tensors/reorder-rows.ts';
import { sliceRows } from '../../tensors/row-pieces.ts';
import type { SourceTensor, TensorSource, TensorValues } from '../../tensors/tensor-source.ts';
import { transpose } from '../../tensors/transpose.ts';
import type { GgufArchitecture, Rearrangement } from './gguf-architecture.ts';
import type { GgufTensor } from './gguf-header.ts';
import type { GgufFile } from './open-gguf-file.ts';

/**
 * The contents of config.json. Its `num_attention_heads` and `num_key_value_heads` determine how rows are rearranged.
 */
type HeadCounts = Readonly<Record<string, unknown>>;

/** One tensor under both of its names. */
interface Renamed extends SourceTensor {
  readonly original: GgufTensor;
  readonly rearrangement: Rearrangement;
}

/**
 * Presents a GGUF file's tensors under Hugging Face's names, in its shapes and order of rows.
 * @throws GptEdgeError `invalid_file` for a tensor that is not part of the architecture. Reading throws the same if a
 *   tensor's rows do not make whole heads
 */
export function renameTensors(gguf: GgufFile, architecture: GgufArchitecture, heads: HeadCounts): TensorSource {
  const { file } = gguf;
  const tensors = new Map<string, Renamed>();
  for (const original of gguf.tensors.values()) {
    const renamed = architecture.rename(original.name);
    if (!renamed) throw invalidFile(file, `tensor ${showText(original.name)}: is not part of ${architecture.name}`);
    if (renamed === 'settings') continue;
    const shape = renamed.rearrangement === 'transposed' ? original.shape.toReversed() : original.shape;
    const { dtype, bytes, blocks } = original;
    tensors.set(renamed.name, { ...renamed, original, dtype, bytes, blocks, shape });
  }
  const find = (name: string) => {
    const tensor = tensors.get(name);
    if (!tensor) throw invalidFile(file, `has no tensor ${showText(name)}`);
    return tensor;
  };
  const read = async (name: string) => {
    const tensor = find(name);
    return rearrange(await gguf.read(tensor.original.name), tensor, heads, file);
  };
  return {
    file,
    tensors,
    read,
    readRows: async (name, start, count) => {
      const { rearrangement, original, shape } = find(name);
      if (rearrangement === 'none') return gguf.readRows(original.name, start, count);
      return sliceRows(await read(name), shape[0], start, count);
    },
    close: () => gguf.close(),
  };
}

function rearrange(values: TensorValues, { original, rearrangement }: Renamed, config: HeadCounts, file: string): TensorValues {
  if (rearrangement === 'none') return values;
  if (rearrangement === 'minus-one') return { values: values.values.map((value) => value - 1) };
  if (rearrangement === 'transposed')
    return { values: transpose(values.values, original.shape[0], original.shape[1]), transposedBlocks: values.blocks };
  const [rows] = original.shape;
  const heads = (rearrangement === 'key-rows' ? config.num_key_value_heads : config.num_attention_heads) as number;
  const size = rows / heads / (rearrangement === 'packed-rows' ? 3 : 1);
  if (!Number.isInteger(size) || size % 2 !== 0)
    throw invalidFile(file, `tensor ${original.name}: ${rows} rows are not ${heads} heads of an even number each`);
  return reorderRows(values, rows, rearrangement === 'packed-rows' ? packedByHead(heads, size) : halfRotated(size));
}

/** For a place in Hugging Face's order, in which query, key and value of each head follow each other, the row in GGUF. */
function packedByHead(heads: number, size: number): (row: number) => number {
  return (row) => {
    const [head, part] = [Math.floor(row / (3 * size)), Math.floor(row / size) % 3];
    return (part * heads + head) * size + (row % size);
  };
}
