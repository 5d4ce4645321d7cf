import { bpeOptionsSchema, CompactBpe } from './compact-bpe.ts';
import { CompactMerges } from './compact-merges.ts';
import { CompactVocabulary } from './compact-vocabulary.ts';
import { JsonCursor } from './json-cursor.ts';

interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Reads a tokenizer.json's byte-pair encoding without making objects of its vocabulary and merges, which are nearly all of the file.
 * @param bytes UTF-8 without a byte order mark
 * @returns the file's JSON with the encoding for a model; null where the model is of another kind or has something that CompactBpe does
 *   not hold, and where the file is wrong
 */
export function readWithCompactBpe(bytes: Uint8Array): object | null {
  try {
    const [vocab, merges] = findTables(bytes);
    const rest = JSON.parse(without(bytes, vocab, merges));
    if (!isBpe(rest.model)) return null;
    const options = bpeOptionsSchema.parse(rest.model);
    const vocabulary = CompactVocabulary.read(new JsonCursor(bytes, vocab.start), vocab.end - vocab.start);
    return { ...rest, model: new CompactBpe(vocabulary, CompactMerges.read(new JsonCursor(bytes, merges.start), vocabulary), options) };
  } catch {
    // Whoever then reads the file as a whole says what is wrong with it, if anything is.
    return null;
  }
}

/** Files from before `type` existed are told apart by what they have. */
const isBpe = (model: Record<string, unknown>) =>
  model.type === 'BPE' || (model.type === undefined && 'continuing_subword_prefix' in model && 'unk_token' in model);

/** Where `model.vocab` and `model.merges` are. @throws SyntaxError where one is missing, or what is read comes twice */
function findTables(bytes: Uint8Array): [vocab: Span, merges: Span] {
  const cursor = new JsonCursor(bytes);
  const spans = new Map<string, Span>();
  const add = (name: string, start: number) => {
    if (spans.has(name)) throw new SyntaxError(`${name} comes twice`);
    spans.set(name, { start, end: cursor.end });
  };
  for (const key of cursor.keys()) {
    const start = cursor.at;
    if (key !== 'model') cursor.skip();
    else {
      for (const part of cursor.keys()) {
        const at = cursor.at;
        cursor.skip();
        if (part === 'vocab' || part === 'merges') add(part, at);
      }
      add(key, start);
    }
  }
  const [vocab, merges] = [spans.get('vocab'), spans.get('merges')];
  if (!vocab || !merges) throw new SyntaxError('There is no vocabulary, or no merges');
  return [vocab, merges];
}

function without(bytes: Uint8Array, ...spans: [Span, Span]): string {
  const [first, second] = spans.sort((a, b) => a.start - b.start);
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const decode = (start: number, end: number) => utf8.decode(bytes.subarray(start, end));
  return `${decode(0, first.start)}null${decode(first.end, second.start)}null${decode(second.end, bytes.length)}`;
}
