import { VocabularyConstraints } from '../constrain/vocabulary-constraints.ts';
import type { Decoder } from '../core/decoder.ts';
import { GptEdgeError } from '../core/errors.ts';
import { falseManifest } from '../core/folder/false-manifest.ts';
import { parseGenerationConfig, parseSequenceTokens, type RecommendedSampling } from '../core/folder/generation-config.ts';
import { loadedFiles, type Manifest } from '../core/folder/manifest.ts';
import type { ModelFiles } from '../core/folder/model-files.ts';
import { CHAT_TEMPLATE_FILE, namedTemplates } from '../core/folder/template-files.ts';
import type { LanguageModel } from '../generation/language-model.ts';
import { sha256 } from '../storage/sha256.ts';
import { ChatTemplate } from '../tokenizer/chat-template.ts';
import { TextTokenizer } from '../tokenizer/text-tokenizer.ts';
import { parseTokenizerConfig, parseTokenizerJson, type TokenizerJson } from '../tokenizer/tokenizer-json.ts';

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
  const tokenizerJson = parseTokenizerJson(tokenizerBytes);
  checkTokens(manifest, tokenizerJson);
  await checkSequenceTokens(manifest, generationBytes, () => optional('config.json'));
  const tokenizer = new TextTokenizer(tokenizerJson);
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
    constraints: constraintsOf(manifest, tokenizer),
    chatTemplate: ChatTemplate.from(tokenizerConfig, { default: template, named: namedTemplates(Object.keys(manifest.files)) }),
    samplingDefaults: { ...(generationBytes ? parseGenerationConfig(generationBytes) : {}), ...sampling },
    fingerprint: `fp_${await hashOf(manifest, sampling)}_${decoder.engine}`,
  };
}

/** Special tokens are no text, and rows of the table may stand for no token. */
function constraintsOf({ vocabularySize, eosTokenIds }: Manifest, tokenizer: TextTokenizer): VocabularyConstraints {
  const isText = (id: number) => id < tokenizer.vocabularySize && !tokenizer.isSpecial(id) && !eosTokenIds.includes(id);
  return new VocabularyConstraints({
    size: vocabularySize,
    eosTokenIds,
    bytes: (id) => (isText(id) ? tokenizer.bytes(id) : new Uint8Array()),
  });
}

/** A token without a row in the vocabulary would never be generated, and its row be read beyond the table's end. */
function checkTokens({ vocabularySize }: Manifest, { added_tokens: added }: TokenizerJson): void {
  const largest = added.reduce((most, { id }) => Math.max(most, id), 0);
  if (largest >= vocabularySize) throw falseManifest('vocabularySize', vocabularySize, "tokenizer.json's largest id", largest);
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
