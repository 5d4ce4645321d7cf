/** A tokenizer.json with a byte-pair encoding, as far as cutting its vocabulary concerns it. */
export interface BpeTokenizerJson extends Record<string, unknown> {
  readonly model: {
    readonly type?: string;
    readonly vocab: Readonly<Record<string, number>>;
    /** A pair of tokens each: as two texts, or in older files as one with a space between them. */
    readonly merges: readonly (string | readonly [string, string])[];
    readonly unk_token?: string | null;
    readonly continuing_subword_prefix?: string | null;
    readonly end_of_word_suffix?: string | null;
  };
  readonly added_tokens?: readonly { readonly id: number; readonly content: string; readonly special?: boolean }[];
  readonly post_processor?: unknown;
}

/** SentencePiece's spelling of a byte. */
const BYTE = /^<0x[0-9A-F]{2}>$/;
/** Characters of which a text outside of the kept ones is made: those of ASCII, and SentencePiece's mark of a space. */
const ASCII = /^[!-~▁]$/;

/** Two texts as one key. No token has a line break in this spelling of bytes, and where one has, no merge has it. */
const pairKey = (left: string, right: string): string => `${left}\n${right}`;

/**
 * Chooses the tokens that stay: those that are used, those that they are merged from, those from which any other text can
 * be made, and special tokens.
 *
 * A token inside a text comes about by the same merges as when it stands alone, since none that crosses its ends was made.
 * So if its parts stay, in all steps, each step finds the same best merge among the merges that stay, and the texts are
 * encoded as before.
 * @param used the tokens that must stay
 * @returns the old ids, in their order
 */
export function keptTokens({ model, added_tokens: added = [] }: BpeTokenizerJson, used: ReadonlySet<number>): number[] {
  const ids = new Map(Object.entries(model.vocab));
  const texts = new Map([...ids].map(([text, id]) => [id, text]));
  const isByteLevel = ids.has('Ġ');
  const isBase = (text: string) =>
    BYTE.test(text) || ASCII.test(text) || (isByteLevel && [...text].length === 1) || text === model.unk_token;
  const kept = new Set([...used, ...[...ids].filter(([text]) => isBase(text)).map(([, id]) => id)]);
  for (const { id, special } of added) if (special === true) kept.add(id);
  const ranks = new Map(model.merges.map((merge, rank) => [pairKey(...pairOf(merge)), rank]));
  for (const id of [...kept]) {
    for (const part of partsOf(texts.get(id) ?? '', ranks)) {
      const found = ids.get(part);
      if (found !== undefined) kept.add(found);
    }
  }
  const known = new Set([...texts.keys(), ...added.map(({ id }) => id)]);
  return [...kept].filter((id) => known.has(id)).sort((a, b) => a - b);
}

/** Every token that comes about while a text is merged, its characters first. */
function partsOf(text: string, ranks: ReadonlyMap<string, number>): string[] {
  let symbols = [...text];
  const parts = [...symbols];
  for (;;) {
    let [best, at] = [Number.POSITIVE_INFINITY, -1];
    for (let index = 0; index + 1 < symbols.length; index++) {
      const rank = ranks.get(pairKey(symbols[index], symbols[index + 1])) ?? Number.POSITIVE_INFINITY;
      if (rank < best) [best, at] = [rank, index];
    }
    if (at < 0) return parts;
    const joined = symbols[at] + symbols[at + 1];
    parts.push(joined);
    symbols = [...symbols.slice(0, at), joined, ...symbols.slice(at + 2)];
  }
}

const pairOf = (merge: string | readonly [string, string]): readonly [string, string] =>
  typeof merge === 'string' ? (merge.split(' ') as [string, string]) : merge;

/**
 * Returns a tokenizer with some of the tokens, under new ids.
 * @param ids the new ids by the old ones
 */
export function cutTokenizer(json: BpeTokenizerJson, ids: ReadonlyMap<number, number>): BpeTokenizerJson {
  const vocab = Object.entries(json.model.vocab).filter(([, id]) => ids.has(id));
  const texts = new Set(vocab.map(([text]) => text));
  const isKept = (merge: string | readonly [string, string]) => {
    const [left, right] = pairOf(merge);
    return texts.has(left) && texts.has(right) && texts.has(left + right);
  };
  return {
    ...json,
    added_tokens: (json.added_tokens ?? []).filter(({ id }) => ids.has(id)).map((token) => ({ ...token, id: ids.get(token.id)! })),
    post_processor: mapProcessor(json.post_processor, ids),
    model: {
      ...json.model,
      vocab: Object.fromEntries(vocab.map(([text, id]) => [text, ids.get(id)!])),
      merges: json.model.merges.filter(isKept),
    },
  };
}

/** Gives the tokens that are put around a text their new ids: `ids` in templates, and pairs of text and id. */
function mapProcessor(value: unknown, ids: ReadonlyMap<number, number>): unknown {
  if (Array.isArray(value)) {
    const isToken = value.length === 2 && typeof value[0] === 'string' && typeof value[1] === 'number';
    return isToken ? [value[0], ids.get(value[1])] : value.map((element) => mapProcessor(element, ids));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [
      key,
      key === 'ids' && Array.isArray(part) ? part.map((id) => ids.get(id)) : mapProcessor(part, ids),
    ]),
  );
}
