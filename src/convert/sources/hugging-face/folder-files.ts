import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CHAT_TEMPLATE_FILE, templateFile } from '../../../core/folder/template-files.ts';
import { invalidFile } from '../../../core/invalid-file.ts';
import { MAX_CHAT_TEMPLATE_BYTES, MAX_CONFIG_BYTES, MAX_TOKENIZER_BYTES } from '../../../core/limits.ts';
import { type BoundedFile, readBounded } from '../../files/read-bounded.ts';
import { MAX_PART_BYTES, MERGES_FILE, tokenizerFromMerges, VOCABULARY_FILE } from './tokenizer-from-merges.ts';

/** Limit for a model card. A card is a few pages of prose; this is room for a book. */
const MAX_README_BYTES = 2 ** 20;

/**
 * Where Hugging Face's folders have named templates. A model folder has no folders, and so has them beside the other
 * files.
 */
const TEMPLATES_FOLDER = 'additional_chat_templates';
/** The tokenizer of models that were published before there was tokenizer.json. */
const SENTENCEPIECE_FILE = 'tokenizer.model';
/** Limit for named templates. Models publish two or three. */
const MAX_NAMED_TEMPLATES = 32;

/** The files that go into the model folder as they are. */
const COPIED_FILES: readonly BoundedFile[] = [
  { name: 'config.json', maxBytes: MAX_CONFIG_BYTES, required: true },
  { name: 'generation_config.json', maxBytes: MAX_CONFIG_BYTES, required: false },
  { name: 'tokenizer_config.json', maxBytes: MAX_CONFIG_BYTES, required: true },
  { name: CHAT_TEMPLATE_FILE, maxBytes: MAX_CHAT_TEMPLATE_BYTES, required: false },
  { name: 'README.md', maxBytes: MAX_README_BYTES, required: false },
];

/**
 * Reads the small files that a folder in Hugging Face's layout holds besides the weights.
 * @returns the files' bytes by name
 * @throws GptEdgeError `invalid_file`, naming a file that is missing or too large
 */
export async function readFolderFiles(folder: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const file of COPIED_FILES) {
    const bytes = await readBounded(folder, file);
    if (bytes) files.set(file.name, bytes);
  }
  files.set('tokenizer.json', await readTokenizer(folder, files));
  for (const name of await listTemplates(folder)) {
    const path = `${TEMPLATES_FOLDER}/${name}.jinja`;
    const file = templateFile(name);
    if (file === undefined) throw invalidFile(path, 'a template has a name of letters, digits, hyphens and underscores');
    files.set(file, (await readBounded(folder, { name: path, maxBytes: MAX_CHAT_TEMPLATE_BYTES, required: true }))!);
  }
  return files;
}

/** Reads tokenizer.json, or builds it from the files that older tokenizers consist of. */
async function readTokenizer(folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<Uint8Array> {
  const parts = new Map(files);
  for (const name of [VOCABULARY_FILE, MERGES_FILE]) {
    const part = await readBounded(folder, { name, maxBytes: MAX_PART_BYTES, required: false });
    if (part) parts.set(name, part);
  }
  const isBuilt = parts.has(VOCABULARY_FILE) && parts.has(MERGES_FILE);
  const isSentencePiece = (await readdir(folder)).includes(SENTENCEPIECE_FILE);
  const bytes = await readBounded(folder, {
    name: 'tokenizer.json',
    maxBytes: MAX_TOKENIZER_BYTES,
    required: !isBuilt && !isSentencePiece,
  });
  if (bytes === undefined && !isBuilt)
    throw invalidFile(
      SENTENCEPIECE_FILE,
      "has SentencePiece's own format, which is not read: save a tokenizer.json, with save_pretrained of the fast tokenizer in transformers",
    );
  return bytes ?? tokenizerFromMerges({ files: parts });
}

/** The names of the templates in the folder of named ones. */
async function listTemplates(folder: string): Promise<string[]> {
  const names = await readdir(join(folder, TEMPLATES_FOLDER)).catch(() => []);
  const templates = names.filter((name) => name.endsWith('.jinja')).sort();
  if (templates.length > MAX_NAMED_TEMPLATES)
    throw invalidFile(TEMPLATES_FOLDER, `has ${templates.length} templates, over the limit of ${MAX_NAMED_TEMPLATES}`);
  return templates.map((name) => name.slice(0, -'.jinja'.length));
}
