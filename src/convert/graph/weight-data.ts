/** Where a tensor lies in the external data, in bytes. */
export interface DataLocation {
  readonly offset: number;
  readonly length: number;
}

/** Values that are made piece by piece while they are written. Their number of bytes is known before. */
export interface ValuesInPieces {
  readonly byteLength: number;
  pieces(): Iterable<ArrayBufferView> | AsyncIterable<ArrayBufferView>;
}

/** What the weights of a graph are appended to, one tensor at a time. */
export interface WeightData {
  /** Appends a tensor's values and returns where they lie. */
  append(values: ArrayBufferView | ValuesInPieces): Promise<DataLocation>;
}

/** Alignment of tensors, in bytes: a cache line, and the widest alignment that any engine needs for a weight. */
const ALIGNMENT = 64;

/** Where a tensor of `length` bytes lies that is appended to `end` bytes. */
export function locate(end: number, length: number): DataLocation {
  return { offset: Math.ceil(end / ALIGNMENT) * ALIGNMENT, length };
}

/** Places tensors as they will be written, and makes none of their values. */
export class UnwrittenData implements WeightData {
  /** Bytes of all tensors so far. */
  bytes = 0;

  async append({ byteLength }: ArrayBufferView | ValuesInPieces): Promise<DataLocation> {
    const location = locate(this.bytes, byteLength);
    this.bytes = location.offset + byteLength;
    return location;
  }
}
