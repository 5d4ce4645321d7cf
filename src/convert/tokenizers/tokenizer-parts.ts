/** An added token as tokenizer.json states it: text is split at such tokens before anything else. */
export interface AddedTokenJson {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly normalized: boolean;
}

/**
 * Makes an added token.
 * @param special whether the token stands for no text, and so is left out when text is decoded
 */
export function addedToken(id: number, content: string, special: boolean): AddedTokenJson {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special };
}

/** A special token with its spelling. */
export interface NamedToken {
  readonly id: number;
  readonly content: string;
}

/** Makes the post-processor that puts tokens before and after a text. It is null if there is no such token. */
export function templateProcessing(before: NamedToken | undefined, after: NamedToken | undefined): object | null {
  if (!before && !after) return null;
  const piece = (token: NamedToken | undefined, type: number) => (token ? [{ SpecialToken: { id: token.content, type_id: type } }] : []);
  const sequence = (id: string, type: number) => [...piece(before, type), { Sequence: { id, type_id: type } }, ...piece(after, type)];
  const tokens = [before, after].filter((token) => token !== undefined);
  return {
    type: 'TemplateProcessing',
    single: sequence('A', 0),
    pair: [...sequence('A', 0), ...sequence('B', 1)],
    special_tokens: Object.fromEntries(tokens.map(({ id, content }) => [content, { id: content, ids: [id], tokens: [content] }])),
  };
}

/** The parts of a tokenizer.json, without those that are always the same. */
export interface TokenizerParts {
  readonly added_tokens: readonly AddedTokenJson[];
  readonly normalizer: object | null;
  readonly pre_tokenizer: object | null;
  readonly post_processor: object | null;
  readonly decoder: object;
  readonly model: BpeParts;
}

/** The parts of a BPE model. */
export interface BpeParts {
  /** The tokens by id. */
  readonly tokens: readonly string[];
  readonly merges: readonly (readonly [string, string])[];
  readonly unk_token?: string;
  readonly byte_fallback?: boolean;
  /** Whether a piece of text that is a token as a whole becomes that token, whatever the merges say. */
  readonly ignore_merges?: boolean;
}

/** Returns the bytes of a tokenizer.json, as the tokenizers library writes it. */
export function tokenizerJson({ model, ...parts }: TokenizerParts): Uint8Array {
  const { tokens, merges, unk_token = null, byte_fallback = false, ignore_merges = false } = model;
  const bpe = {
    type: 'BPE',
    dropout: null,
    unk_token,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: unk_token !== null,
    byte_fallback,
    ignore_merges,
    // Object.fromEntries makes each an own property, even `__proto__`.
    vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    merges,
  };
  return new TextEncoder().encode(`${JSON.stringify({ version: '1.0', truncation: null, padding: null, ...parts, model: bpe })}\n`);
}
