import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hashFile } from '../convert/files/hash-file.ts';
import { GptEdgeError } from '../core/errors.ts';
import { prefixFile } from '../core/folder/prefix-files.ts';
import { CHAT_TEMPLATE_FILE, namedTemplates } from '../core/folder/template-files.ts';
import { computePrefix } from '../runtime/edge/prefixes/compute-prefix.ts';
import type { EnginePlan } from '../runtime/plan-engine.ts';
import { ChatTemplate } from '../tokenizer/chat-template.ts';
import { TextTokenizer } from '../tokenizer/text-tokenizer.ts';
import { parseTokenizerConfig, parseTokenizerJson } from '../tokenizer/tokenizer-json.ts';
import { compiledKernels } from './compiled-kernels.ts';
import { DiskModelFiles } from './disk-model-files.ts';
import type { ModelFolder } from './model-folder.ts';
import { replaceManifest } from './replace-manifest.ts';

/**
 * What is going to be in front of many prompts: a chat's system message, or the beginning of a text. It is computed for
 * the model itself, or for the model with an adapter.
 */
export type PrefixText = ({ readonly system: string } | { readonly text: string }) & { readonly adapter?: string };

/**
 * Computes the keys and values of a prefix, and stores them in a model folder, where they become one of its files.
 * @param planned how a Worker will run the model
 * @returns how many tokens the prefix has, and the bytes of its file
 * @throws GptEdgeError `invalid_value` for an invalid name, and for a prefix without tokens or as long as the context
 *   window; `unsupported_model` for a model that runs on onnxruntime-web; `chat_template_error` for a system message
 *   without a chat template that takes it
 */
export async function storePrefix(
  folder: ModelFolder,
  name: string,
  text: PrefixText,
  planned: EnginePlan,
): Promise<{ tokens: number; bytes: number }> {
  const file = checkedFile(name);
  if (planned.engine !== 'edge')
    throw new GptEdgeError('unsupported_model', `${folder.manifest.id} runs on onnxruntime-web, and only the edge engine stores prefixes.`);
  const files = new DiskModelFiles(folder);
  const tokens = await prefixTokens(files, text);
  const { contextWindow } = planned.plan.options;
  if (tokens.length === 0 || tokens.length >= contextWindow)
    throw new GptEdgeError('invalid_value', `The prefix has ${tokens.length} tokens, 1 to ${contextWindow - 1} expected.`);
  const path = join(folder.path, file);
  await writeParts(path, computePrefix(planned.plan, files, compiledKernels(), { tokens, adapter: text.adapter }));
  const hashes = await hashFile(path);
  await replaceManifest(folder.path, { ...folder.manifest, files: { ...folder.manifest.files, [file]: hashes } });
  return { tokens: tokens.length, bytes: hashes.bytes };
}

/**
 * Removes a stored prefix from a model folder.
 * @throws GptEdgeError `invalid_value` if it has none of this name
 */
export async function removePrefix({ path, manifest }: ModelFolder, name: string): Promise<void> {
  const file = checkedFile(name);
  const { [file]: removed, ...files } = manifest.files;
  if (removed === undefined) throw new GptEdgeError('invalid_value', `${path} has no prefix named ${name}.`, { param: 'name' });
  // The manifest goes first, so that it never names a file that is not there.
  await replaceManifest(path, { ...manifest, files });
  await rm(dirname(join(path, file)), { recursive: true, force: true });
}

function checkedFile(name: string): string {
  const file = prefixFile(name);
  if (file) return file;
  const rule = 'has 1 to 64 letters, digits, dots, hyphens and underscores, and starts with a letter or digit';
  throw new GptEdgeError('invalid_value', `The name of a prefix ${rule}.`, { param: 'name' });
}

async function prefixTokens(files: DiskModelFiles, text: PrefixText): Promise<readonly number[]> {
  const tokenizer = new TextTokenizer(parseTokenizerJson(await files.read('tokenizer.json')));
  if ('text' in text) return tokenizer.encode(text.text);
  const config = parseTokenizerConfig(await files.read('tokenizer_config.json'));
  const names = Object.keys(files.manifest.files);
  const file = names.includes(CHAT_TEMPLATE_FILE) ? await files.read(CHAT_TEMPLATE_FILE) : undefined;
  const template = ChatTemplate.from(config, { default: file, named: namedTemplates(names) });
  if (template === null) {
    const message = `${files.manifest.id} has no chat template. The beginning of a text can be stored with --text.`;
    throw new GptEdgeError('chat_template_error', message, { param: 'system' });
  }
  // What chats with this system message have in common, whatever their first question is.
  const [one, other] = ['a', '1'].map((content) =>
    template.encode(
      [
        { role: 'system', content: text.system },
        { role: 'user', content },
      ],
      tokenizer,
    ),
  );
  const differs = one.findIndex((token, index) => token !== other[index]);
  return one.slice(0, Math.max(0, differs));
}

/** Writes a file as a whole: it has its name only once it is complete. */
async function writeParts(path: string, parts: AsyncIterable<Uint8Array>): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.partial`;
  const handle = await open(partial, 'w');
  try {
    for await (const part of parts) await handle.write(part);
  } finally {
    await handle.close();
  }
  await rename(partial, path);
}
