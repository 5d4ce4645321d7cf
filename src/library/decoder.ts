/**
 * The decoder on its own: from a model's files to logits, in either of the two engines.
 * @example
 * import { chooseKernels, createDecoder, planEngine, R2ModelFiles } from 'gpt-edge/decoder';
 * import relaxed from 'gpt-edge/kernels/relaxed.wasm';
 * import vnni from 'gpt-edge/kernels/vnni.wasm';
 *
 * const limitBytes = 128e6;
 * const files = await R2ModelFiles.open(env.MODELS, 'tinystories-gpt2');
 * const plan = await planEngine(files, { engine: 'auto', cacheFormat: 'auto' }, limitBytes);
 * const decoder = await createDecoder(files, plan, chooseKernels({ relaxed, vnni }), limitBytes);
 * const sequence = decoder.createSequence();
 * try {
 *   const logits = await sequence.forward([419, 429]); // [vocabularySize], after the last of these tokens
 * } finally {
 *   sequence.dispose();
 * }
 * @module
 */

export type { Decoder, Feed, KvCache, Prefix, Sequence } from '../core/decoder.ts';
export type { Manifest } from '../core/folder/manifest.ts';
export type { ModelFiles } from '../core/folder/model-files.ts';
export { chooseKernels } from '../kernels/kernel-variant.ts';
export { createDecoder } from '../runtime/create-decoder.ts';
export type { EngineChoice } from '../runtime/engine-choice.ts';
export { createOrtDecoder } from '../runtime/ort/create-ort-decoder.ts';
export type { OrtDecoderOptions } from '../runtime/ort/ort-decoder-options.ts';
export { type EnginePlan, planEngine } from '../runtime/plan-engine.ts';
export { R2ModelFiles } from '../storage/r2-model-files.ts';
