/** The decoder alone: from a model's files to logits, in one of the two engines. */
export type { Decoder, Sequence } from '../core/decoder.ts';
export type { Manifest } from '../core/folder/manifest.ts';
export type { ModelFiles } from '../core/folder/model-files.ts';
export { createDecoder } from '../runtime/create-decoder.ts';
export type { EngineChoice } from '../runtime/engine-choice.ts';
export { createOrtDecoder } from '../runtime/ort/create-ort-decoder.ts';
export { type EnginePlan, planEngine } from '../runtime/plan-engine.ts';
export { R2ModelFiles } from '../storage/r2-model-files.ts';
