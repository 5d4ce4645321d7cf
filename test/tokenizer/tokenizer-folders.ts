import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseTokenizerConfig, parseTokenizerJson } from '../../src/tokenizer/tokenizer-json.ts';

/** Paths of the folders at and under `root` that have a tokenizer.json. */
export function tokenizerFolders(root: string): string[] {
  const entries = readdirSync(root, { withFileTypes: true });
  const inner = entries.filter((entry) => entry.isDirectory()).flatMap(({ name }) => tokenizerFolders(join(root, name)));
  return entries.some(({ name }) => name === 'tokenizer.json') ? [root, ...inner] : inner;
}

export function readTokenizer(folder: string) {
  const read = (name: string) => readFileSync(join(folder, name));
  return { json: parseTokenizerJson(read('tokenizer.json')), config: parseTokenizerConfig(read('tokenizer_config.json')) };
}
