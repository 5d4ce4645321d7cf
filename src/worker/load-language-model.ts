import type { Decoder } from '../core/decoder.ts';
import { falseManifest } from '../core/folder/false-manifest.ts';
import { parseGenerationConfig, parseSequenceTokens, type RecommendedSampling } from '../core/folder/generation-config.ts';
import { loadedFiles, type Manifest } from '../core/folder/manifest.ts';
import type { ModelFiles } from '../core/folder/model-files.ts';
import { CHAT_TEMPLATE_FILE, namedTemplates } from '../core/folder/template-files.ts';
import type { LanguageModel } from '../generation/language-model.ts';
import { sha256 } from '../storage/sha256.ts';
import { ChatTemplate } from '../tokenizer/chat-template.ts';
import { checkVocabulary } from '../tokenizer/check-vocabulary.ts';
import { TextTokenizer } from '../tokenizer/text-tokenizer.ts';
import { parseTokenizerConfig, parseTokenizerJson } from '../tokenizer/tokenizer-json.ts';

/**
 * Loads all of a model: its decoder, tokenizer, chat template and recommended sampling options.
 * @param sampling what the deployment sets in place of what the model recommends
 * @throws GptEdgeError `model_unavailable` for files that are missing or damaged, `unsupported_model` for files that
 *   need a feature that is not supported
 */
export async function loadLanguageModel(
  files: ModelFiles,
  createDecoder: () => Promise<Decoder>,
  sampling: RecommendedSampling = {},
): Promise<LanguageModel> {
  const { manifest } = files;
  const optional = (name: string) => (name in manifest.files ? files.read(name) : undefined);
  const [tokenizerBytes, configBytes, generationBytes, template, decoder] = await Promise.all([
    files.read('tokenizer.json'),
    files.read('tokenizer_config.json'),
    optional('generation_config.json'),
    optional(CHAT_TEMPLATE_FILE),
    createDecoder(),
  ]);
  const tokenizerConfig = parseTokenizerConfig(configBytes);
  await checkSequenceTokens(manifest, generationBytes, () => optional('config.json'));
  const tokenizer = new TextTokenizer(parseTokenizerJson(tokenizerBytes));
  checkVocabulary(tokenizer, manifest.vocabularySize);
  return {
    id: manifest.id,
    manifest,
    decoder,
    tokenizer,
    chatTemplate: ChatTemplate.from(tokenizerConfig, { default: template, named: namedTemplates(Object.keys(manifest.files)) }),
    samplingDefaults: { ...(generationBytes ? parseGenerationConfig(generationBytes) : {}), ...sampling },
    fingerprint: `fp_${await hashOf(manifest, sampling)}_${decoder.engine}`,
  };
}

/**
 * Checks the tokens that begin and end a text. config.json is read only if generation_config.json lacks one of them.
 */
async function checkSequenceTokens(
  { eosTokenIds, bosTokenId }: Manifest,
  generation: Uint8Array | undefined,
  readConfig: () => Promise<Uint8Array> | undefined,
): Promise<void> {
  const own = parseSequenceTokens({ generation });
  const isComplete = own.bosTokenId !== null && own.eosTokenIds.length > 0;
  const found = isComplete ? own : parseSequenceTokens({ generation, config: await readConfig() });
  if (bosTokenId !== found.bosTokenId)
    throw falseManifest('bosTokenId', bosTokenId, 'generation_config.json and config.json', found.bosTokenId);
  if (eosTokenIds.join() !== found.eosTokenIds.join())
    throw falseManifest('eosTokenIds', eosTokenIds, 'generation_config.json and config.json', found.eosTokenIds);
}

/**
 * Twelve hexadecimal digits that change with whatever answers depend on: weights, graph, tokenizer, sampling defaults.
 */
async function hashOf(manifest: Manifest, sampling: RecommendedSampling): Promise<string> {
  const hashes = loadedFiles(manifest).map(([, file]) => file.sha256);
  if (Object.keys(sampling).length > 0) hashes.push(JSON.stringify(sampling));
  return (await sha256(new TextEncoder().encode(hashes.join('\n')))).slice(0, 12);
}
