import { printTable } from '../printing/print-table.ts';

/** A tensor as a file stores it. */
export interface StoredTensor {
  name: string;
  /** How each value is stored: float16, 4 bits, Q4_1, … */
  type: string;
  shape: readonly number[];
  bytes: number;
}

/** Prints tensors with those of the same name in every layer as one line. */
export function printTensorGroups(tensors: readonly StoredTensor[]): void {
  const groups = new Map<string, { tensor: StoredTensor; count: number; bytes: number }>();
  for (const tensor of tensors) {
    const name = tensor.name.replace(/\.\d+\./, '.*.');
    const key = `${name} ${tensor.type} ${tensor.shape.join('x')}`;
    const { count, bytes } = groups.get(key) ?? { count: 0, bytes: 0 };
    groups.set(key, { tensor: { ...tensor, name }, count: count + 1, bytes: bytes + tensor.bytes });
  }
  const rows = [...groups.values()].map(({ tensor, count, bytes }) => [
    tensor.name,
    tensor.type,
    tensor.shape.join(' x ') || '1',
    `${count}`,
    `${(bytes / 1e6).toFixed(2)} MB`,
  ]);
  printTable(['tensor', 'type', 'shape', 'count', 'bytes'], rows);
}
