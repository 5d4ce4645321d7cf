import { GptEdgeError } from '../../core/errors.ts';
import { jsonBytes, readJson, type SmallFiles } from '../files/json-files.ts';

const FILE = 'tokenizer.json';

/**
 * Leaves out the added tokens of tokenizer.json that have no row in the embedding, as llama.cpp does: a fine-tuned model
 * may have got tokens that were never trained.
 * @param onNote told which tokens were left out
 * @returns the files, with the tokenizer that fits
 * @throws GptEdgeError `invalid_file` if one of them is put before or after each text
 */
export function fitVocabulary(
  source: SmallFiles,
  vocabularySize: number,
  onNote?: (note: string) => void,
): ReadonlyMap<string, Uint8Array> {
  const json = readJson(source, FILE);
  const added = Array.isArray(json.added_tokens) ? (json.added_tokens as { id?: unknown; content?: unknown }[]) : [];
  const left = added.filter((token) => typeof token?.id === 'number' && token.id >= vocabularySize);
  if (left.length === 0) return source.files;
  const fitting = { ...json, added_tokens: added.filter((token) => !left.includes(token)) };
  refuseUsed(json, left);
  const names = left.slice(0, 8).map(({ content }) => JSON.stringify(content));
  const more = left.length > names.length ? ` and ${left.length - names.length} more` : '';
  onNote?.(
    `${FILE} has ${left.length} added tokens beyond the embedding's ${vocabularySize} rows, which are left out: ${names.join(', ')}${more}.`,
  );
  return new Map([...source.files, [FILE, jsonBytes(fitting)]]);
}

/** A token that is put before or after each text cannot be left out. */
function refuseUsed({ post_processor: processor }: Record<string, unknown>, left: readonly { id?: unknown; content?: unknown }[]): void {
  const text = JSON.stringify(processor ?? null);
  const used = left.find(({ content }) => text.includes(JSON.stringify(content)));
  if (used === undefined) return;
  throw new GptEdgeError('invalid_file', `${FILE}: post_processor: token ${JSON.stringify(used.content)} has no row in the embedding`, {
    param: FILE,
  });
}
