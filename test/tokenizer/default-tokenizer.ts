import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TextTokenizer } from '../../src/tokenizer/text-tokenizer.ts';
import { type AddedToken, parseTokenizerConfig } from '../../src/tokenizer/tokenizer-json.ts';
import { parsed, type WholeTokenizerJson } from './whole-tokenizer-json.ts';

const FOLDER = join(import.meta.dirname, '../../model-assets/tinystories-gpt2');

/**
 * The default model's own files: byte-level BPE with 4096 entries; 0 is `<|endoftext|>`, 1 to 256 are the single bytes.
 */
export const tokenizerJson: WholeTokenizerJson = JSON.parse(readFileSync(join(FOLDER, 'tokenizer.json'), 'utf8'));
export const tokenizerConfig = parseTokenizerConfig(readFileSync(join(FOLDER, 'tokenizer_config.json')));
export const tokenizer = new TextTokenizer(parsed(tokenizerJson));

export const VOCABULARY_SIZE = 4096;
export const END_OF_TEXT = 0;

/** The default model's tokenizer, with some parts of its tokenizer.json replaced. */
export const tokenizerWith = (changes: Partial<WholeTokenizerJson>) => new TextTokenizer(parsed({ ...tokenizerJson, ...changes }));

export const addedToken = (id: number, content: string, flags: Partial<AddedToken> = {}): AddedToken => ({
  id,
  content,
  special: true,
  lstrip: false,
  rstrip: false,
  normalized: false,
  single_word: false,
  ...flags,
});
