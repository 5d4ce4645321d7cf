import type { Decoder } from '../../core/decoder.ts';
import { GptEdgeError } from '../../core/errors.ts';
import type { Manifest } from '../../core/folder/manifest.ts';
import { checkFeeds } from '../check-feeds.ts';
import { LogitsBuffer } from '../logits-buffer.ts';
import { OrtCache } from './ort-cache.ts';
import type { OrtDecoderOptions } from './ort-decoder-options.ts';
import { type OrtModel, OrtSequence } from './ort-sequence.ts';

/** About 40 ms of float32. */
const MULTIPLY_ADDS_PER_TURN = 125e6;
/**
 * bench/README.md has 8 for prompts and 50 to 60 for single tokens. With this, no request takes over two minutes on a
 * core of 2024.
 */
const COST_OF_MULTIPLY_ADD = 20;

const NO_HIDDEN_STATE = 'onnxruntime-web gives the outputs of a graph, and a decoder graph has no output for its hidden state.';

/**
 * A decoder over a session of onnxruntime-web, which computes one sequence after the other. It takes the session as it
 * is, because a Worker and Node load onnxruntime-web differently. No sequence reuses what another has computed, except
 * for forks.
 * @param manifest of the model whose graph the session runs, with the context window that is served
 */
export function ortDecoder(
  { ort, session }: Pick<OrtModel, 'ort' | 'session'>,
  manifest: Manifest,
  { kernels, cacheBytes }: OrtDecoderOptions,
): Decoder {
  const logits = LogitsBuffer.allocate(manifest.vocabularySize, kernels);
  const cache = new OrtCache(manifest, cacheBytes);
  const model: OrtModel = { ort, session, shape: manifest, logits, cache };
  return {
    engine: 'ort',
    vocabularySize: manifest.vocabularySize,
    contextWindow: manifest.contextWindow,
    multiplyAddsPerTurn: MULTIPLY_ADDS_PER_TURN,
    costOfMultiplyAdd: COST_OF_MULTIPLY_ADD,
    hiddenSize: null,
    kvCache: cache,
    createSequence: () => new OrtSequence(model),
    async forwardBatch(feeds) {
      if (feeds.some(({ readHidden }) => readHidden)) throw new GptEdgeError('unsupported_model', NO_HIDDEN_STATE, { param: 'model' });
      checkFeeds(feeds, manifest.contextWindow, cache);
      for (const feed of feeds) (feed.sequence as OrtSequence).reserve(feed.tokens.length);
      for (const feed of feeds) await (feed.sequence as OrtSequence).append(feed);
    },
    dispose: () => session.release(),
  };
}
