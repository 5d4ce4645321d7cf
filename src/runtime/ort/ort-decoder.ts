import type { Decoder } from '../../core/decoder.ts';
import type { Manifest } from '../../core/folder/manifest.ts';
import { LogitsBuffer } from '../logits-buffer.ts';
import { type OrtModel, OrtSequence } from './ort-sequence.ts';

/** About 40 ms of float32. */
const MULTIPLY_ADDS_PER_TURN = 125e6;

/**
 * A decoder over a session of onnxruntime-web. It takes the session as it is, because a Worker and Node load
 * onnxruntime-web differently.
 * @param manifest of the model whose graph the session runs, with the context window that is served
 * @param kernels the compiled kernels, for choosing tokens
 */
export function ortDecoder({ ort, session }: Pick<OrtModel, 'ort' | 'session'>, manifest: Manifest, kernels: WebAssembly.Module): Decoder {
  const logits = LogitsBuffer.allocate(manifest.vocabularySize, kernels);
  const model: OrtModel = { ort, session, shape: manifest, logits };
  return {
    engine: 'ort',
    vocabularySize: manifest.vocabularySize,
    contextWindow: manifest.contextWindow,
    multiplyAddsPerTurn: MULTIPLY_ADDS_PER_TURN,
    createSequence: () => new OrtSequence(model),
    loadLogits: (values) => logits.load(values),
    dispose: () => session.release(),
  };
}
