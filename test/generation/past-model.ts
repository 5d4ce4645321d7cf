import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Manifest, parseManifest } from '../../src/core/folder/manifest.ts';
import type { CompletionRequest } from '../../src/generation/completion-request.ts';
import { constraintsOf } from '../../src/generation/constraints-of.ts';
import type { LanguageModel } from '../../src/generation/language-model.ts';
import { SAMPLING_DEFAULTS } from '../../src/generation/sampling/sampling-options.ts';
import { Scheduler, type SchedulerOptions } from '../../src/generation/scheduler/scheduler.ts';
import { tokenizer } from '../tokenizer/default-tokenizer.ts';
import { PastDecoder, type PastDecoderOptions } from './past-decoder.ts';

const MANIFEST = join(import.meta.dirname, '../../model-assets/tinystories-gpt2/manifest.json');

/**
 * A PastDecoder as a language model, with the default model's tokenizer. No token ends a sequence unless `manifest`
 * says so.
 */
export function pastModel(
  changes: Partial<Manifest> = {},
  options: PastDecoderOptions & SchedulerOptions = {},
): LanguageModel & { decoder: PastDecoder } {
  const decoder = new PastDecoder(options);
  const { vocabularySize, contextWindow } = decoder;
  const defaults = parseManifest(readFileSync(MANIFEST, 'utf8'));
  const own = { vocabularySize, contextWindow, eosTokenIds: [], bosTokenId: null, multiplyAddsPerToken: 1 };
  const manifest = { ...defaults, ...own, ...changes };
  return {
    id: 'past',
    manifest,
    decoder,
    scheduler: new Scheduler({ manifest, decoder }, options),
    tokenizer,
    constraints: constraintsOf(manifest, tokenizer),
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
  partition: '',
  ...changes,
});
