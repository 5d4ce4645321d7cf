import { MAX_CONFIG_BYTES, MAX_TOKENIZER_BYTES } from '../../../core/limits.ts';
import { type BoundedFile, readBounded } from '../../files/read-bounded.ts';

/** Limit for a model card. A card is a few pages of prose; this is room for a book. */
const MAX_README_BYTES = 2 ** 20;

/** The files that go into the model folder as they are. */
const COPIED_FILES: readonly BoundedFile[] = [
  { name: 'config.json', maxBytes: MAX_CONFIG_BYTES, required: true },
  { name: 'generation_config.json', maxBytes: MAX_CONFIG_BYTES, required: false },
  { name: 'tokenizer.json', maxBytes: MAX_TOKENIZER_BYTES, required: true },
  { name: 'tokenizer_config.json', maxBytes: MAX_CONFIG_BYTES, required: true },
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
  return files;
}
