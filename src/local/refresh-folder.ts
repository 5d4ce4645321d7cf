import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hashFile } from '../convert/files/hash-file.ts';
import { readBounded } from '../convert/files/read-bounded.ts';
import { describeModel } from '../convert/model-folder/describe-model.ts';
import { GptEdgeError } from '../core/errors.ts';
import { EDITABLE_FILES } from '../core/folder/editable-files.ts';
import { parseGenerationConfig } from '../core/folder/generation-config.ts';
import type { Manifest } from '../core/folder/manifest.ts';
import { CHAT_TEMPLATE_FILE } from '../core/folder/template-files.ts';
import { MAX_CONFIG_BYTES } from '../core/limits.ts';
import { ChatTemplate } from '../tokenizer/chat-template.ts';
import { parseTokenizerConfig } from '../tokenizer/tokenizer-json.ts';
import { readModelFolder } from './model-folder.ts';
import { replaceManifest } from './replace-manifest.ts';

type Files = ReadonlyMap<string, Uint8Array>;

/**
 * Brings the manifest of a model folder up to date after files were edited by hand (EDITABLE_FILES): their sizes and
 * hashes, and what the manifest states from them. They are read first as the Worker reads them. All other files have to
 * be as the manifest says.
 * @returns the names of the files that were edited, added or removed
 * @throws GptEdgeError `invalid_file` or `unsupported_model` for a file that cannot be read, or for another file that
 *   has changed. The manifest is then left as it was
 */
export async function refreshFolder(path: string): Promise<string[]> {
  const { manifest } = await readModelFolder(path);
  for (const [name, file] of Object.entries(manifest.files)) if (!EDITABLE_FILES.includes(name)) await checkUnchanged(path, name, file);
  const edited = await readEditable(path);
  checkEdited(edited);
  const config = await readBounded(path, { name: 'config.json', maxBytes: MAX_CONFIG_BYTES, required: false });
  const described = describeModel({ files: new Map([...edited, ...(config ? [['config.json', config] as const] : [])]) }, manifest);
  const files = await hashEditable(path, manifest, edited);
  const changed = EDITABLE_FILES.filter((name) => files[name]?.sha256 !== manifest.files[name]?.sha256);
  if (changed.length > 0) await replaceManifest(path, { ...manifest, ...described, license: described.license ?? manifest.license, files });
  return changed;
}

async function checkUnchanged(path: string, name: string, { bytes, sha256 }: Manifest['files'][string]): Promise<void> {
  const found = (await stat(join(path, name)).catch(() => null))?.isFile() ? await hashFile(join(path, name)) : undefined;
  if (found?.bytes === bytes && found.sha256 === sha256) return;
  const problem = found === undefined ? 'is missing' : 'is not the file that manifest.json describes';
  const message = `${join(path, name)} ${problem}. Only ${EDITABLE_FILES.join(', ')} may be edited; for anything else, convert the model again.`;
  throw new GptEdgeError('invalid_file', message, { param: name });
}

async function readEditable(path: string): Promise<Files> {
  const files = new Map<string, Uint8Array>();
  for (const name of EDITABLE_FILES) {
    const bytes = await readBounded(path, { name, maxBytes: MAX_CONFIG_BYTES, required: name === 'tokenizer_config.json' });
    if (bytes) files.set(name, bytes);
  }
  return files;
}

/** Reads the files as the Worker does, which throws what the Worker would answer. */
function checkEdited(files: Files): void {
  const generation = files.get('generation_config.json');
  if (generation) parseGenerationConfig(generation);
  const config = parseTokenizerConfig(files.get('tokenizer_config.json')!);
  const template = files.get(CHAT_TEMPLATE_FILE);
  ChatTemplate.from(template ? { ...config, chat_template: new TextDecoder().decode(template) } : config);
}

/** The manifest's files in the order that a conversion writes them, those of EDITABLE_FILES as they are now. */
async function hashEditable(path: string, manifest: Manifest, edited: Files): Promise<Manifest['files']> {
  const kept = Object.keys(manifest.files).filter((name) => !EDITABLE_FILES.includes(name));
  const files: Manifest['files'] = {};
  for (const name of [...kept, ...edited.keys()].sort())
    files[name] = edited.has(name) ? await hashFile(join(path, name)) : manifest.files[name];
  return files;
}
