import { VocabularyMath } from '../../../src/generation/sampling/logits.ts';
import { referenceKernels } from '../../../src/kernels/reference/reference-kernels.ts';

/** Logits on the reference kernels, without WebAssembly; they give the same bits. */
export function plainVocabularyMath(vocabularySize: number): VocabularyMath {
  const buffer = new ArrayBuffer(VocabularyMath.bytes(vocabularySize));
  return new VocabularyMath(vocabularySize, referenceKernels(buffer), buffer);
}

/** One that holds these logits. */
export function mathOf(logits: Float32Array): VocabularyMath {
  const math = plainVocabularyMath(logits.length);
  math.load(logits);
  return math;
}
