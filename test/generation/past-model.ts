import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Manifest, parseManifest } from '../../src/core/folder/manifest.ts';
import type { CompletionRequest } from '../../src/generation/completion-request.ts';
import type { LanguageModel } from '../../src/generation/language-model.ts';
import { SAMPLING_DEFAULTS } from '../../src/generation/sampling/sampling-options.ts';
import { tokenizer } from '../tokenizer/default-tokenizer.ts';
import { PastDecoder } from './past-decoder.ts';

const MANIFEST = join(import.meta.dirname, '../../model-assets/tinystories-gpt2/manifest.json');

/**
 * A PastDecoder as a language model, with the default model's tokenizer. No token ends a sequence but where
 * `manifest` says so.
 */
export function pastModel(
  manifest: Partial<Manifest> = {},
  { vocabularySize = 50, contextWindow = 64 } = {},
): LanguageModel & { decoder: PastDecoder } {
  const defaults = parseManifest(readFileSync(MANIFEST, 'utf8'));
  return {
    id: 'past',
    manifest: { ...defaults, vocabularySize, contextWindow, eosTokenIds: [], bosTokenId: null, multiplyAddsPerToken: 1, ...manifest },
    decoder: new PastDecoder(vocabularySize, contextWindow),
    tokenizer,
    chatTemplate: null,
    samplingDefaults: {},
    fingerprint: 'fp_past',
  };
}

export const completionRequest = (changes: Partial<CompletionRequest> = {}): CompletionRequest => ({
  prompt: [3, 1, 4, 1, 5],
  choices: 1,
  maxTokens: 12,
  stops: [],
  sampling: { ...SAMPLING_DEFAULTS, seed: 7 },
  scorePrompt: false,
  ...changes,
});
