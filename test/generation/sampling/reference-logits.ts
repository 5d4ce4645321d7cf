import { referenceKernels } from '../../../src/kernels/reference/reference-kernels.ts';
import { LogitsBuffer } from '../../../src/runtime/logits-buffer.ts';

/** A buffer without WebAssembly: the reference kernels give the same bits. */
export function emptyLogits(vocabularySize: number): LogitsBuffer {
  const buffer = new ArrayBuffer(LogitsBuffer.bytes(vocabularySize));
  return LogitsBuffer.alone(vocabularySize, referenceKernels(buffer), { buffer });
}

/** One that holds these logits. */
export function logitsOf(values: Float32Array): LogitsBuffer {
  return emptyLogits(values.length).load(values);
}
