import type { Decoder } from '../../core/decoder.ts';
import type { Manifest } from '../../core/folder/manifest.ts';
import type { EngineChoice } from '../../runtime/engine-choice.ts';
import { TextTokenizer } from '../../tokenizer/text-tokenizer.ts';
import { parseTokenizerJson } from '../../tokenizer/tokenizer-json.ts';
import { DiskModelFiles } from '../disk-model-files.ts';
import { openModelFolder } from '../model-folder.ts';
import { openDecoder } from './open-decoder.ts';

/** A model folder opened for evaluation. */
export interface EvaluatedModel {
  readonly manifest: Manifest;
  readonly tokenizer: TextTokenizer;
  readonly decoder: Decoder;
}

/**
 * Opens a model folder in Node.
 * @throws GptEdgeError `invalid_file` or `unsupported_model` for a folder that is damaged, or whose graph the engine
 *   cannot run
 */
export async function openEvaluatedModel(path: string, choice: EngineChoice): Promise<EvaluatedModel> {
  const folder = await openModelFolder(path);
  const files = new DiskModelFiles(folder);
  return {
    manifest: folder.manifest,
    tokenizer: new TextTokenizer(parseTokenizerJson(await files.read('tokenizer.json'))),
    decoder: await openDecoder(folder, choice),
  };
}
