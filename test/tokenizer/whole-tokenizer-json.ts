import { parseTokenizerJson, type TokenizerJson } from '../../src/tokenizer/tokenizer-json.ts';

/** A tokenizer.json as JSON.parse returns it and the library expects it. */
export interface WholeTokenizerJson extends TokenizerJson {
  model: Record<string, unknown> & { type?: string };
}

/** The same tokenizer.json as this project reads it from a file. */
export const parsed = (json: WholeTokenizerJson): TokenizerJson => parseTokenizerJson(new TextEncoder().encode(JSON.stringify(json)));
