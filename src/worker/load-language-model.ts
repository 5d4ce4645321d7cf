import type { Decoder } from '../core/decoder.ts';
import { falseManifest } from '../core/folder/false-manifest.ts';
import { parseGenerationConfig, parseSequenceTokens, type RecommendedSampling } from '../core/folder/generation-config.ts';
import { loadedFiles, type Manifest } from '../core/folder/manifest.ts';
import type { ModelFiles } from '../core/folder/model-files.ts';
import { CHAT_TEMPLATE_FILE, namedTemplates, TOOL_TEMPLATE_FILE } from '../core/folder/template-files.ts';
import { visitEventLoop } from '../core/visit-event-loop.ts';
import { constraintsOf } from '../generation/constraints-of.ts';
import type { LanguageModel } from '../generation/language-model.ts';
import { Scheduler, type SchedulerOptions } from '../generation/scheduler/scheduler.ts';
import { sha256 } from '../storage/sha256.ts';
import { ChatTemplate } from '../tokenizer/chat-template.ts';
import { checkVocabulary } from '../tokenizer/check-vocabulary.ts';
import { TextTokenizer } from '../tokenizer/text-tokenizer.ts';
import { parseTokenizerConfig, parseTokenizerJson } from '../tokenizer/tokenizer-json.ts';

/** The files of a model that say what its tokens mean and how to choose them. An optional file may be absent. */
export interface TextFiles {
  readonly tokenizer: Uint8Array;
  readonly tokenizerConfig: Uint8Array;
  readonly generationConfig?: Uint8Array;
  readonly chatTemplate?: Uint8Array;
  readonly toolTemplate?: Uint8Array;
}

/**
 * Reads these files, all at once.
 * @throws GptEdgeError `model_unavailable` for files that are missing or damaged
 */
export async function readTextFiles(files: ModelFiles): Promise<TextFiles> {
  const optional = (name: string) => (name in files.manifest.files ? files.read(name) : undefined);
  const [tokenizer, tokenizerConfig, generationConfig, chatTemplate, toolTemplate] = await Promise.all([
    files.read('tokenizer.json'),
    files.read('tokenizer_config.json'),
    optional('generation_config.json'),
    optional(CHAT_TEMPLATE_FILE),
    optional(TOOL_TEMPLATE_FILE),
  ]);
  return { tokenizer, tokenizerConfig, generationConfig, chatTemplate, toolTemplate };
}

/**
 * Makes a model of its decoder and its files of text. The tokenizer is built while the decoder's weights are read.
 * @param texts what `readTextFiles` reads
 * @param sampling what the deployment sets in place of what the model recommends
 * @param options how the model's requests share it
 * @throws GptEdgeError `model_unavailable` for files that are missing or damaged, or a manifest that states what is not
 *   so, `unsupported_model` for files that need a feature that is not supported
 */
export async function loadLanguageModel(
  files: ModelFiles,
  texts: Promise<TextFiles>,
  decoder: Promise<Decoder>,
  sampling: RecommendedSampling = {},
  options: SchedulerOptions = {},
): Promise<LanguageModel> {
  const { manifest } = files;
  const [{ tokenizer, chatTemplate, recommended }, loaded] = await Promise.all([texts.then((read) => toTextParts(files, read)), decoder]);
  return {
    id: manifest.id,
    manifest,
    decoder: loaded,
    scheduler: new Scheduler({ manifest, decoder: loaded }, options),
    tokenizer,
    constraints: constraintsOf(manifest, tokenizer),
    chatTemplate,
    samplingDefaults: { ...recommended, ...sampling },
    version: files.version,
    fingerprint: `fp_${await hashOf(manifest, sampling)}_${loaded.engine}`,
  };
}

async function toTextParts(files: ModelFiles, texts: TextFiles) {
  const { tokenizer: tokenizerBytes, tokenizerConfig, generationConfig, chatTemplate, toolTemplate } = texts;
  const { manifest } = files;
  await checkSequenceTokens(files, generationConfig);
  await visitEventLoop();
  const parsed = parseTokenizerJson(tokenizerBytes);
  await visitEventLoop();
  const tokenizer = new TextTokenizer(parsed);
  checkVocabulary(tokenizer, manifest.vocabularySize);
  const templates = { default: chatTemplate, toolUse: toolTemplate, named: namedTemplates(Object.keys(manifest.files)) };
  await visitEventLoop();
  return {
    tokenizer,
    chatTemplate: ChatTemplate.from(parseTokenizerConfig(tokenizerConfig), templates),
    recommended: generationConfig ? parseGenerationConfig(generationConfig) : {},
  };
}

/**
 * Checks the tokens that begin and end a text. config.json is read only if generation_config.json lacks one of them.
 */
async function checkSequenceTokens(files: ModelFiles, generation: Uint8Array | undefined): Promise<void> {
  const { eosTokenIds, bosTokenId, files: listed } = files.manifest;
  const own = parseSequenceTokens({ generation });
  const isComplete = own.bosTokenId !== null && own.eosTokenIds.length > 0;
  const config = isComplete || !('config.json' in listed) ? undefined : await files.read('config.json');
  const found = isComplete ? own : parseSequenceTokens({ generation, config });
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
