import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sequence } from '../../model/decoder.ts';
import type { Manifest } from '../../model/manifest.ts';
import { OrtSequence } from '../../runtime/ort/ort-sequence.ts';
import { TextTokenizer } from '../../tokenizer/text-tokenizer.ts';
import { parseTokenizerConfig, parseTokenizerJson } from '../../tokenizer/tokenizer-json.ts';
import { openModelFolder } from '../model-folder.ts';
import { openOnnxSession, ort } from './onnx-session.ts';

/** A model folder opened for evaluation. */
export interface EvaluatedModel {
  readonly manifest: Manifest;
  readonly tokenizer: TextTokenizer;
  createSequence(): Sequence;
  close(): Promise<void>;
}

/**
 * Opens a model folder in Node.
 * @throws GptEdgeError `invalid_file` or `unsupported_model` for a folder that is damaged or cannot be run
 */
export async function openEvaluatedModel(folder: string): Promise<EvaluatedModel> {
  const { manifest, path } = await openModelFolder(folder);
  const [tokenizer, config] = await Promise.all(['tokenizer.json', 'tokenizer_config.json'].map((name) => readFile(join(path, name))));
  const session = await openOnnxSession(path);
  return {
    manifest,
    tokenizer: new TextTokenizer(parseTokenizerJson(tokenizer), parseTokenizerConfig(config)),
    createSequence: () => new OrtSequence({ ort, session, shape: manifest }),
    close: () => session.release(),
  };
}
