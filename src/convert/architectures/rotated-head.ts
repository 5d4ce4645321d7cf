/** ONNX Runtime rotates a number of pairs that is a multiple of this. */
const PAIR_MULTIPLE = 8;

/** How the values of a head lie in the graph, so that those that are rotated lie where the operator expects them. */
export interface RotatedHead {
  /** Pairs that the operator rotates; those that the model does not rotate get an angle of 0. */
  readonly pairs: number;
  /** For each value of a head in the graph, the value of the padded head that comes to its place. */
  readonly order: readonly number[];
}

/**
 * Orders the values of queries and keys, of which only the first `rotated` are rotated, value i against value
 * i + rotated / 2. In the graph, value i is rotated against value i + pairs. The order of values in a head changes no
 * score, as long as queries and keys share it.
 * @param rotated how many values of a head are rotated, an even number
 * @param size values of a head in the graph, padding included, a multiple of 16
 */
export function rotatedHead(rotated: number, size: number): RotatedHead {
  const half = rotated / 2;
  const pairs = Math.ceil(half / PAIR_MULTIPLE) * PAIR_MULTIPLE;
  const rest = Array.from({ length: size - rotated }, (_, index) => rotated + index);
  const fill = (first: number) => Array.from({ length: pairs }, (_, pair) => (pair < half ? first + pair : rest.shift()!));
  return { pairs, order: [...fill(0), ...fill(half), ...rest] };
}
