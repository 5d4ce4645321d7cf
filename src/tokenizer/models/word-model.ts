import { z } from 'zod';
import type { Pace, Steps } from '../pace.ts';

/** A tokenizer's model: words to token ids, and back to spellings. All run in time linear in a word, or nearly. */
export interface WordModel {
  /** Adds the token ids of a word to `ids`. Of a long word, it counts each character. */
  encode(word: string, ids: number[], pace: Pace): Steps<void>;
  /** The token's spelling in the vocabulary; empty for an id without a token. */
  spelling(id: number): string;
  /** The id of the token that stands for unknown text; undefined if there is none. */
  readonly unknown: number | undefined;
  /** One more than the largest id. */
  readonly size: number;
}

/** A vocabulary as most models have it. */
export const idsSchema = z.record(z.string(), z.number().int().min(0));
