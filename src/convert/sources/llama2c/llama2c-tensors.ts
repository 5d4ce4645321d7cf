import type { ByteReader } from '../../files/byte-reader.ts';
import type { SourceTensor } from '../../tensors/tensor-source.ts';
import type { Llama2cHeader } from './llama2c-header.ts';
import { llama2cLayout, type Section } from './llama2c-layout.ts';

/** A tensor and where it lies in the file. */
export interface Llama2cTensor extends SourceTensor {
  readonly begin: number;
  /** Heads whose rows are in interleaved order, where they are. */
  readonly heads?: number;
}

/**
 * Finds every tensor by its place.
 * @throws GptEdgeError `invalid_file` when the file has not exactly the bytes that its header asks for
 */
export function placeLlama2cTensors(reader: ByteReader, header: Llama2cHeader): Map<string, Llama2cTensor> {
  const layout = llama2cLayout(header);
  const repeats = ({ name }: Section) => (name?.includes('*') ? header.layers : 1);
  // Before anything is listed: layers are as many as the header says, and each factor is at most 2^20, so that a sum may lose digits,
  // but not become small.
  const total = layout.reduce((sum, section) => sum + repeats(section) * countBytes(section), header.bytes);
  if (total !== reader.size) throw reader.invalid('size', `${reader.size} bytes are not the ${total} that its header asks for`);
  const tensors = new Map<string, Llama2cTensor>();
  let begin = header.bytes;
  for (const section of layout) {
    const bytes = countBytes(section);
    for (let layer = 0; layer < repeats(section); layer++, begin += bytes) {
      const name = section.name?.replace('*', String(layer));
      if (name) tensors.set(name, { name, dtype: 'F32', shape: section.shape, bytes, begin, heads: section.heads });
    }
  }
  return tensors;
}

function countBytes({ shape }: Section): number {
  return 4 * shape.reduce((product, size) => product * size, 1);
}
