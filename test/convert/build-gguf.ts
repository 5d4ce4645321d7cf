/** A metadata value as the format writes it: the number of its type, and the bytes after it. */
export interface GgufField {
  readonly type: number;
  readonly bytes: Uint8Array;
}

/** A tensor as the format describes it: the innermost dimension first. */
export interface GgufEntry {
  readonly name: string;
  readonly dimensions: readonly (number | bigint)[];
  readonly type: number;
  readonly data: Uint8Array;
  /** Position from the start of the data. Default: after the previous tensor, aligned. */
  readonly offset?: number;
}

export interface GgufParts {
  readonly magic?: string;
  readonly version?: number;
  readonly tensorCount?: number | bigint;
  readonly keyCount?: number | bigint;
  readonly fields?: readonly (readonly [string, GgufField])[];
  readonly tensors?: readonly GgufEntry[];
  readonly alignment?: number;
}

const concat = (parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

function number(write: (view: DataView) => void, bytes: number): Uint8Array {
  const result = new Uint8Array(bytes);
  write(new DataView(result.buffer));
  return result;
}

export const uint32 = (value: number) => number((view) => view.setUint32(0, value, true), 4);
export const uint64 = (value: number | bigint) => number((view) => view.setBigUint64(0, BigInt(value), true), 8);
export const float32 = (value: number) => number((view) => view.setFloat32(0, value, true), 4);

/** A string, whose stated length may be wrong. */
export function string(text: string, length?: number | bigint): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  return concat([uint64(length ?? bytes.length), bytes]);
}

/** Fields of every type. */
export const field = {
  count: (value: number): GgufField => ({ type: 4, bytes: uint32(value) }),
  float: (value: number): GgufField => ({ type: 6, bytes: float32(value) }),
  flag: (value: boolean): GgufField => ({ type: 7, bytes: Uint8Array.of(value ? 1 : 0) }),
  text: (value: string): GgufField => ({ type: 8, bytes: string(value) }),
  long: (value: bigint): GgufField => ({ type: 10, bytes: uint64(value) }),
  texts: (values: readonly string[], length?: number | bigint): GgufField =>
    array(
      8,
      values.map((value) => string(value)),
      length,
    ),
  integers: (values: readonly number[]): GgufField => array(5, values.map(uint32)),
  floats: (values: readonly number[]): GgufField => array(6, values.map(float32)),
};

/** An array, whose stated length may be wrong. */
export function array(elementType: number, elements: readonly Uint8Array[], length?: number | bigint): GgufField {
  return { type: 9, bytes: concat([uint32(elementType), uint64(length ?? elements.length), ...elements]) };
}

/** Builds a GGUF file, which may be invalid in any way. */
export function buildGguf({ magic = 'GGUF', version = 3, fields = [], tensors = [], alignment = 32, ...counts }: GgufParts): Uint8Array {
  const align = (bytes: number) => Math.ceil(bytes / alignment) * alignment;
  const head = [
    new TextEncoder().encode(magic),
    uint32(version),
    uint64(counts.tensorCount ?? tensors.length),
    uint64(counts.keyCount ?? fields.length),
    ...fields.flatMap(([key, { type, bytes }]) => [string(key), uint32(type), bytes]),
  ];
  const data: Uint8Array[] = [];
  let end = 0;
  for (const { name, dimensions, type, data: bytes, offset } of tensors) {
    head.push(string(name), uint32(dimensions.length), ...dimensions.map(uint64), uint32(type), uint64(offset ?? end));
    data.push(bytes, new Uint8Array(align(bytes.length) - bytes.length));
    end += align(bytes.length);
  }
  const header = concat(head);
  return concat([header, new Uint8Array(align(header.length) - header.length), ...data]);
}
