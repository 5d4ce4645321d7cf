import type { StoredTensor } from '../graph/stored-tensor.ts';
import { weightBytes } from './plan-builder.ts';
import type { PlannedWeight } from './planned-weight.ts';

/**
 * Makes a weight of the first `rows` outputs of another, which are the first bytes of its tensors. The other one must
 * have no zero points and not be transposed, as no table is.
 */
export function firstRows(weight: PlannedWeight, rows: number): PlannedWeight {
  const { outputs } = weight;
  if (rows >= outputs) return weight;
  const cut = (tensor: StoredTensor): StoredTensor => {
    const [count, ...rest] = tensor.dims;
    const byteLength = (tensor.byteLength / outputs) * rows;
    return { ...tensor, dims: [(count / outputs) * rows, ...rest], byteLength, bytes: tensor.bytes?.subarray(0, byteLength) };
  };
  const shorter = { ...weight, outputs: rows, elements: cut(weight.elements), scales: weight.scales && cut(weight.scales) };
  return { ...shorter, bytes: weightBytes(shorter) };
}
