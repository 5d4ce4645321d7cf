import { loadedFiles, type Manifest } from '../core/folder/manifest.ts';
import type { LanguageModel } from './language-model.ts';

/** CPU milliseconds for each megabyte of weights: hashing, copying and packing them. */
const WEIGHTS_MS_PER_MB = 5;
/** CPU milliseconds for each megabyte of tokenizer.json: parsing it, and building its tables. */
const TOKENIZER_MS_PER_MB = 35;

/** The models whose load was counted. */
const counted = new WeakSet<LanguageModel>();

/**
 * The CPU time that loading a model has taken, as far as nobody was told yet: requests that wait for the same load wait
 * for what one of them does. @returns milliseconds
 */
export function takeLoadWork(model: LanguageModel): number {
  if (counted.has(model)) return 0;
  counted.add(model);
  return loadMilliseconds(model.manifest);
}

/** An estimate, measured with models of 6 to 100 MB. */
export function loadMilliseconds(manifest: Manifest): number {
  return loadedFiles(manifest).reduce(
    (sum, [name, { bytes }]) => sum + (bytes / 1e6) * (name === 'tokenizer.json' ? TOKENIZER_MS_PER_MB : WEIGHTS_MS_PER_MB),
    0,
  );
}
