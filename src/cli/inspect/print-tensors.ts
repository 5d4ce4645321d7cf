import { printTable } from '../printing/print-table.ts';

/** What is listed of a tensor in a file. */
export interface ListedTensor {
  name: string;
  /** How each value is stored: float16, 4 bits, Q4_1, … */
  type: string;
  shape: readonly number[];
  bytes: number;
}

/** Prints a table of tensors. Those that differ only in their layer's number share one line. */
export function printTensorGroups(tensors: readonly ListedTensor[]): void {
  const groups = new Map<string, { tensor: ListedTensor; count: number; bytes: number }>();
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
