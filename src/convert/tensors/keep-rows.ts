import type { QuantizedBlocks, SourceTensor, TensorSource, TensorValues } from './tensor-source.ts';

/**
 * Presents a checkpoint in which some tensors have lost rows of their first axis.
 * @param isCut whether a tensor loses rows, by its name
 * @param kept the rows that stay, in ascending order
 */
export function keepRows(weights: TensorSource, isCut: (name: string) => boolean, kept: readonly number[]): TensorSource {
  const cutTensor = (tensor: SourceTensor): SourceTensor => {
    if (!isCut(tensor.name)) return tensor;
    const [rows, ...rest] = tensor.shape;
    return { ...tensor, shape: [kept.length, ...rest], bytes: (tensor.bytes / rows) * kept.length };
  };
  const tensors = new Map([...weights.tensors].map(([name, tensor]) => [name, cutTensor(tensor)]));
  /** Reads some of the kept rows, those that follow one another at a time. */
  const gather = async (name: string, rows: readonly number[]): Promise<TensorValues> => {
    const parts: TensorValues[] = [];
    for (let index = 0; index < rows.length; ) {
      let end = index + 1;
      while (end < rows.length && rows[end] === rows[end - 1] + 1) end++;
      parts.push(await weights.readRows(name, rows[index], end - index));
      index = end;
    }
    return join(parts);
  };
  return {
    ...weights,
    tensors,
    read: async (name) => {
      if (!isCut(name)) return weights.read(name);
      if (tensors.get(name)?.shape.length === 2) return gather(name, kept);
      const { values } = await weights.read(name);
      return { values: Float32Array.from(kept, (row) => values[row]) };
    },
    readRows: (name, start, count) => (isCut(name) ? gather(name, kept.slice(start, start + count)) : weights.readRows(name, start, count)),
    close: () => weights.close(),
  };
}

/** Puts rows together that were read one after the other. */
function join(parts: readonly TensorValues[]): TensorValues {
  if (parts.length === 1) return parts[0];
  const values = concat(parts.map((part) => part.values));
  const blocks = parts.flatMap((part) => part.blocks ?? []);
  if (blocks.length === 0) return { values };
  const joined: QuantizedBlocks = {
    bits: blocks[0].bits,
    codes: concat(blocks.map(({ codes }) => codes)),
    scales: concat(blocks.map(({ scales }) => scales)),
    zeroPoints: concat(blocks.map(({ zeroPoints }) => zeroPoints)),
  };
  return { values, blocks: joined };
}

function concat<T extends Float32Array | Uint8Array>(parts: readonly T[]): T {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const whole = new (parts[0].constructor as new (length: number) => T)(length);
  let end = 0;
  for (const part of parts) {
    whole.set(part, end);
    end += part.length;
  }
  return whole;
}
