/** What is done to each row of x, float32 [rows, width], on its own: the result does not depend on the other rows. y may be x everywhere. */
export interface RowKernels {
  /** y = a + b; a stride of 0 repeats one row. y may be a or b. */
  add(a: number, aStride: number, b: number, bStride: number, y: number, yStride: number, rows: number, width: number): void;
  /** y = a b, as add. */
  multiply(a: number, aStride: number, b: number, bStride: number, y: number, yStride: number, rows: number, width: number): void;
  /** y = (x - mean) / sqrt(variance + epsilon) * gain + bias; `bias` 0 for none. */
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
  sigmoid(x: number, xStride: number, y: number, yStride: number, rows: number, width: number): void;
  /** y = x sigmoid(x) */
  silu(x: number, xStride: number, y: number, yStride: number, rows: number, width: number): void;
  /** y = silu(gate) up */
  swiGlu(gate: number, gateStride: number, up: number, upStride: number, y: number, yStride: number, rows: number, width: number): void;
  /** By the error function. */
  gelu(x: number, xStride: number, y: number, yStride: number, rows: number, width: number): void;
  /** By tanh, GPT-2's. */
  geluTanh(x: number, xStride: number, y: number, yStride: number, rows: number, width: number): void;
  tanh(x: number, xStride: number, y: number, yStride: number, rows: number, width: number): void;
  /**
   * Rotary positions (RoFormer) on `heads` heads of `headDimension` side by side in each row, in place. Row r has position `position` + r;
   * `cos`, `sin`: float32 [positions, pairs]. Pair i is (i, i + pairs), or (2i, 2i + 1) where `interleaved` is 1; elements from 2 pairs on stay.
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
