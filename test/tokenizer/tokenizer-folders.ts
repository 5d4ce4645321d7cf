import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseTokenizerConfig, type TokenizerConfig } from '../../src/tokenizer/tokenizer-json.ts';
import type { WholeTokenizerJson } from './whole-tokenizer-json.ts';

/** Paths of `root` and the folders in it, as far as they have a tokenizer.json. */
export function tokenizerFolders(root: string): string[] {
  const entries = readdirSync(root, { withFileTypes: true });
  const inner = entries.filter((entry) => entry.isDirectory()).flatMap(({ name }) => tokenizerFolders(join(root, name)));
  return entries.some(({ name }) => name === 'tokenizer.json') ? [root, ...inner] : inner;
}

export function readTokenizer(folder: string): { json: WholeTokenizerJson; config: TokenizerConfig } {
  const read = (name: string) => readFileSync(join(folder, name));
  return { json: JSON.parse(read('tokenizer.json').toString()), config: parseTokenizerConfig(read('tokenizer_config.json')) };
}
