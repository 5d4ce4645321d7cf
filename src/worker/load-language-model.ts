import type { Decoder } from '../core/decoder.ts';
import { GptEdgeError } from '../core/errors.ts';
import { loadedFiles, type Manifest } from '../core/folder/manifest.ts';
import type { ModelFiles } from '../core/folder/model-files.ts';
import { CHAT_TEMPLATE_FILE, namedTemplates } from '../core/folder/template-files.ts';
import type { LanguageModel } from '../generation/language-model.ts';
import { parseGenerationConfig } from '../generation/sampling/generation-config.ts';
import { sha256 } from '../storage/sha256.ts';
import { ChatTemplate } from '../tokenizer/chat-template.ts';
import { TextTokenizer } from '../tokenizer/text-tokenizer.ts';
import { parseTokenizerConfig, parseTokenizerJson } from '../tokenizer/tokenizer-json.ts';

/**
 * Loads all of a model: its decoder, tokenizer, chat template and recommended sampling options.
 * @throws GptEdgeError `model_unavailable` for files that are missing or damaged, `unsupported_model` for files that
 *   ask for what is not supported
 */
export async function loadLanguageModel(files: ModelFiles, createDecoder: () => Promise<Decoder>): Promise<LanguageModel> {
  const { manifest } = files;
  const optional = (name: string) => (name in manifest.files ? files.read(name) : null);
  const [tokenizerBytes, configBytes, generationBytes, template, decoder] = await Promise.all([
    files.read('tokenizer.json'),
    files.read('tokenizer_config.json'),
    optional('generation_config.json'),
    optional(CHAT_TEMPLATE_FILE),
    createDecoder(),
  ]);
  const tokenizerConfig = parseTokenizerConfig(configBytes);
  const tokenizer = new TextTokenizer(parseTokenizerJson(tokenizerBytes));
  if (tokenizer.vocabularySize > manifest.vocabularySize)
    throw new GptEdgeError(
      'unsupported_model',
      `tokenizer.json: token id ${tokenizer.vocabularySize - 1} is outside the vocabulary of ${manifest.vocabularySize} in manifest.json`,
      { param: 'tokenizer.json' },
    );
  return {
    id: manifest.id,
    manifest,
    decoder,
    tokenizer,
    chatTemplate: ChatTemplate.from(tokenizerConfig, { default: template, named: namedTemplates(Object.keys(manifest.files)) }),
    samplingDefaults: generationBytes ? parseGenerationConfig(generationBytes) : {},
    fingerprint: `fp_${await hashOfFiles(manifest)}_${decoder.engine}`,
  };
}

/**
 * Twelve hexadecimal digits that change with whatever answers depend on: weights, graph, tokenizer, sampling defaults.
 */
async function hashOfFiles(manifest: Manifest): Promise<string> {
  const hashes = loadedFiles(manifest).map(([, file]) => file.sha256);
  return (await sha256(new TextEncoder().encode(hashes.join('\n')))).slice(0, 12);
}
