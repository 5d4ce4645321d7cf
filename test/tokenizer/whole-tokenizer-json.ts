import { parseTokenizerJson, type TokenizerJson } from '../../src/tokenizer/tokenizer-json.ts';

/** A tokenizer.json as JSON.parse gives it and the library takes it. */
export interface WholeTokenizerJson extends TokenizerJson {
  model: Record<string, unknown> & { type?: string };
}

/** The same as this project reads it out of a file. */
export const parsed = (json: WholeTokenizerJson): TokenizerJson => parseTokenizerJson(new TextEncoder().encode(JSON.stringify(json)));
