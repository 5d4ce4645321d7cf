import { parseGenerationConfig } from '../generation/generation-config.ts';
import type { LanguageModel } from '../generation/language-model.ts';
import type { ModelFiles } from '../model/model-files.ts';
import { createOrtDecoder } from '../runtime/ort/create-ort-decoder.ts';
import { ChatTemplate } from '../tokenizer/chat-template.ts';
import { TextTokenizer } from '../tokenizer/text-tokenizer.ts';
import { parseTokenizerConfig, parseTokenizerJson } from '../tokenizer/tokenizer-json.ts';

/**
 * Loads all of a model: decoder, tokenizer, chat template, recommended sampling options.
 * @throws GptEdgeError `model_unavailable` for files that are missing or damaged, `unsupported_model` for what they say
 */
export async function loadLanguageModel(files: ModelFiles): Promise<LanguageModel> {
  const { manifest } = files;
  const optional = (name: string) => (name in manifest.files ? files.read(name) : null);
  const [tokenizerBytes, configBytes, generationBytes, decoder] = await Promise.all([
    files.read('tokenizer.json'),
    files.read('tokenizer_config.json'),
    optional('generation_config.json'),
    createOrtDecoder(files),
  ]);
  const tokenizerConfig = parseTokenizerConfig(configBytes);
  return {
    id: manifest.id,
    manifest,
    decoder,
    tokenizer: new TextTokenizer(parseTokenizerJson(tokenizerBytes), tokenizerConfig),
    chatTemplate: ChatTemplate.from(tokenizerConfig),
    samplingDefaults: generationBytes ? parseGenerationConfig(generationBytes) : {},
    fingerprint: `fp_${files.fingerprint.slice(0, 12)}_${decoder.engine}`,
  };
}
