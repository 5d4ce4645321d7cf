/**
 * Kernels that treat each row of x, float32 [rows, width], on its own: its result does not depend on the other rows. y
 * may always be x.
 */
export interface RowKernels {
  /** y = a + b; a stride of 0 repeats one row. y may be a or b. */
  add(a: number, aStride: number, b: number, bStride: number, y: number, yStride: number, rows: number, width: number): void;
  /** y = a b, element by element; a stride of 0 repeats one row. y may be a or b. */
  multiply(a: number, aStride: number, b: number, bStride: number, y: number, yStride: number, rows: number, width: number): void;
  /** y = (x - mean) / sqrt(variance + epsilon) * gain + bias; without a bias if `bias` is 0. */
  layerNorm(
    x: number,
    xStride: number,
    gain: number,
    bias: number,
    y: number,
    yStride: number,
    rows: number,
    width: number,
    epsilon: number,
  ): void;
  /** y = x / sqrt(mean of squares + epsilon) * gain */
  rmsNorm(x: number, xStride: number, gain: number, y: number, yStride: number, rows: number, width: number, epsilon: number): void;
  /** y = 1 / (1 + e^-x) */
  sigmoid(x: number, xStride: number, y: number, yStride: number, rows: number, width: number): void;
  /** y = x sigmoid(x) */
  silu(x: number, xStride: number, y: number, yStride: number, rows: number, width: number): void;
  /** y = silu(gate) up */
  swiGlu(gate: number, gateStride: number, up: number, upStride: number, y: number, yStride: number, rows: number, width: number): void;
  /** y = x (1 + erf(x / sqrt 2)) / 2 */
  gelu(x: number, xStride: number, y: number, yStride: number, rows: number, width: number): void;
  /** The approximation of gelu by tanh, which GPT-2 uses. */
  geluTanh(x: number, xStride: number, y: number, yStride: number, rows: number, width: number): void;
  /** y = max(x, 0) */
  relu(x: number, xStride: number, y: number, yStride: number, rows: number, width: number): void;
  /** y = tanh x */
  tanh(x: number, xStride: number, y: number, yStride: number, rows: number, width: number): void;
  /**
   * Rotary position embedding (RoFormer), in place, on `heads` heads of `headDimension` side by side in each row. Row r
   * has position `position` + r. `cos`, `sin`: float32 [positions, pairs]. Pair i is (i, i + pairs), or (2i, 2i + 1) if
   * `interleaved` is 1. Elements of a head from 2 * pairs on stay as they are.
   */
  rotate(
    x: number,
    xStride: number,
    cos: number,
    sin: number,
    position: number,
    rows: number,
    heads: number,
    headDimension: number,
    pairs: number,
    interleaved: number,
  ): void;
}
