/** The decoder alone: from a model's files to logits. */
export type { Decoder, Sequence } from '../model/decoder.ts';
export type { Manifest } from '../model/manifest.ts';
export type { ModelFiles } from '../model/model-files.ts';
export { createOrtDecoder } from '../runtime/ort/create-ort-decoder.ts';
export { R2ModelFiles } from '../storage/r2-model-files.ts';
