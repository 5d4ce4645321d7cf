import { bpeOptionsSchema, CompactBpe } from './compact-bpe.ts';
import { CompactMerges } from './compact-merges.ts';
import { CompactVocabulary } from './compact-vocabulary.ts';
import { JsonCursor } from './json-cursor.ts';

/** A part of the file, as byte offsets. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Reads a tokenizer.json whose model is a byte-pair encoding. Vocabulary and merges are nearly all of such a file; they
 * are read without making JavaScript objects of them.
 * @param bytes the file in UTF-8, without a byte order mark
 * @returns the file's JSON with a {@link CompactBpe} as its `model`; null if the model is of another kind or uses what
 *   CompactBpe does not support, and if the file is invalid
 */
export function readWithCompactBpe(bytes: Uint8Array): object | null {
  try {
    return compactBpe(bytes);
  } catch {
    // The caller then reads the file in another way, which names the fault if there is one.
    return null;
  }
}

/**
 * As {@link readWithCompactBpe}.
 * @throws Error that says what is not supported or wrong
 */
export function compactBpe(bytes: Uint8Array): { model: CompactBpe } {
  const [vocab, merges] = findTables(bytes);
  const rest = JSON.parse(without(bytes, vocab, merges));
  if (!isBpe(rest.model)) throw new Error('the model is not a byte-pair encoding');
  const options = bpeOptionsSchema.parse(rest.model);
  const vocabulary = CompactVocabulary.read(new JsonCursor(bytes, vocab.start), vocab.end - vocab.start);
  return { ...rest, model: new CompactBpe(vocabulary, CompactMerges.read(new JsonCursor(bytes, merges.start), vocabulary), options) };
}

/** Older files have no `type`; a byte-pair encoding is then recognized by its fields. */
const isBpe = (model: Record<string, unknown>) =>
  model.type === 'BPE' || (model.type === undefined && 'continuing_subword_prefix' in model && 'unk_token' in model);

/**
 * Finds `model.vocab` and `model.merges` in the file.
 * @throws SyntaxError if one of them is missing, or if they or `model` occur twice
 */
function findTables(bytes: Uint8Array): [vocab: Span, merges: Span] {
  const cursor = new JsonCursor(bytes);
  const spans = new Map<string, Span>();
  const add = (name: string, start: number) => {
    if (spans.has(name)) throw new SyntaxError(`${name} occurs twice`);
    spans.set(name, { start, end: cursor.end });
  };
  for (const key of cursor.keys()) {
    const start = cursor.at;
    if (key !== 'model') cursor.skipValue();
    else {
      for (const part of cursor.keys()) {
        const at = cursor.at;
        cursor.skipValue();
        if (part === 'vocab' || part === 'merges') add(part, at);
      }
      add(key, start);
    }
  }
  const [vocab, merges] = [spans.get('vocab'), spans.get('merges')];
  if (!vocab || !merges) throw new SyntaxError('The vocabulary or the merges are missing');
  return [vocab, merges];
}

/** The file's text with `null` in place of both spans. */
function without(bytes: Uint8Array, ...spans: [Span, Span]): string {
  const [first, second] = spans.sort((a, b) => a.start - b.start);
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const decode = (start: number, end: number) => utf8.decode(bytes.subarray(start, end));
  return `${decode(0, first.start)}null${decode(first.end, second.start)}null${decode(second.end, bytes.length)}`;
}
