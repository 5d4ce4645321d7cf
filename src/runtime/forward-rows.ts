import type { Sequence } from '../core/decoder.ts';

/** What `Sequence.forward` returns, out of what `forwardEach` lends. */
export async function forwardRows(
  sequence: Sequence,
  tokens: readonly number[],
  rows: number,
  vocabularySize: number,
): Promise<Float32Array> {
  const copy = new Float32Array(rows * vocabularySize);
  await sequence.forwardEach(tokens, rows, ({ values }, row) => copy.set(values, row * vocabularySize));
  return copy;
}
