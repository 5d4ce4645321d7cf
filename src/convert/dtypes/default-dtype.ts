import type { SourceTensor } from '../tensors/tensor-source.ts';

/**
 * The dtype nearest to each of a checkpoint's element types, by the checkpoint's own name for it. For any other it is
 * fp32.
 */
const NEAREST: Readonly<Record<string, string>> = {
  F16: 'fp16',
  Q4_0: 'q4',
  Q4_1: 'q4',
  Q4_K: 'q4',
  Q5_0: 'q8',
  Q5_1: 'q8',
  Q5_K: 'q8',
  Q6_K: 'q8',
  Q8_0: 'q8',
};

/**
 * Returns the dtype to use if none is asked for: the one nearest to the element type that most of the checkpoint's
 * bytes have.
 */
export function defaultDtype(tensors: Iterable<SourceTensor>): string {
  const bytesOf = new Map<string, number>();
  for (const { dtype, bytes } of tensors) bytesOf.set(dtype, (bytesOf.get(dtype) ?? 0) + bytes);
  const [most] = [...bytesOf].sort(([, a], [, b]) => b - a)[0] ?? ['F32'];
  return Object.hasOwn(NEAREST, most) ? NEAREST[most] : 'fp32';
}
