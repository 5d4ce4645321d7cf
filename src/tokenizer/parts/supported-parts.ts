import { z } from 'zod';
import { GptEdgeError } from '../../core/errors.ts';

/**
 * The parts of a tokenizer.json, each with the options under which this project does exactly what the `tokenizers`
 * package does. Everything else is refused by name. docs/tokenizers.md has the same table for people.
 */

/** Limit for parts within parts. Real tokenizers nest once. */
const MAX_NESTING = 8;
/** The largest count that a regular expression may have. */
const MAX_FIXED_LENGTH = 2 ** 16;

/** Characters that a normalizer puts into a text at one place. */
const MAX_INSERTED_LENGTH = 2 ** 8;
/** Entries of a post-processor's template: special tokens, and the sequence. */
const MAX_TEMPLATE_ENTRIES = 2 ** 6;

const oneCharacter = z.string().refine((text) => Array.from(text).length === 1, 'is not one character');
const patternSchema = z.union([z.strictObject({ String: z.string().min(1) }), z.strictObject({ Regex: z.string().min(1) })]);
const behaviorSchema = z.enum(['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous']);
const part = <Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) =>
  z.strictObject({ type: z.literal(type), ...shape });

const NORMALIZERS = {
  BertNormalizer: part('BertNormalizer', {
    clean_text: z.boolean(),
    handle_chinese_chars: z.boolean(),
    strip_accents: z.boolean().nullish(),
    lowercase: z.boolean(),
  }),
  ByteLevel: part('ByteLevel', {}),
  Lowercase: part('Lowercase', {}),
  NFC: part('NFC', {}),
  NFD: part('NFD', {}),
  NFKC: part('NFKC', {}),
  NFKD: part('NFKD', {}),
  Nmt: part('Nmt', {}),
  Prepend: part('Prepend', { prepend: z.string().max(MAX_INSERTED_LENGTH) }),
  Replace: part('Replace', { pattern: patternSchema, content: z.string().max(MAX_INSERTED_LENGTH) }),
  Strip: part('Strip', { strip_left: z.boolean(), strip_right: z.boolean() }),
  StripAccents: part('StripAccents', {}),
};
const PRE_TOKENIZERS = {
  BertPreTokenizer: part('BertPreTokenizer', {}),
  // trim_offsets concerns offsets alone.
  ByteLevel: part('ByteLevel', {
    add_prefix_space: z.boolean(),
    trim_offsets: z.boolean().optional(),
    use_regex: z.boolean().default(true),
  }),
  CharDelimiterSplit: part('CharDelimiterSplit', { delimiter: oneCharacter }),
  Digits: part('Digits', { individual_digits: z.boolean() }),
  FixedLength: part('FixedLength', { length: z.number().int().min(1).max(MAX_FIXED_LENGTH) }),
  Metaspace: part('Metaspace', {
    replacement: oneCharacter,
    prepend_scheme: z.enum(['always', 'first', 'never']).default('always'),
    split: z.boolean().default(true),
    /** Of older files. */
    add_prefix_space: z.boolean().optional(),
    str_rep: z.string().optional(),
  }),
  Punctuation: part('Punctuation', { behavior: behaviorSchema.default('Isolated') }),
  Split: part('Split', { pattern: patternSchema, behavior: behaviorSchema, invert: z.boolean() }),
  Whitespace: part('Whitespace', {}),
  WhitespaceSplit: part('WhitespaceSplit', {}),
};
const POST_PROCESSORS = {
  BertProcessing: part('BertProcessing', { sep: z.tuple([z.string(), idOf()]), cls: z.tuple([z.string(), idOf()]) }),
  ByteLevel: part('ByteLevel', {
    add_prefix_space: z.boolean().optional(),
    trim_offsets: z.boolean().optional(),
    use_regex: z.boolean().optional(),
  }),
  RobertaProcessing: part('RobertaProcessing', {
    sep: z.tuple([z.string(), idOf()]),
    cls: z.tuple([z.string(), idOf()]),
    trim_offsets: z.boolean(),
    add_prefix_space: z.boolean(),
  }),
  TemplateProcessing: part('TemplateProcessing', {
    single: z
      .array(z.union([z.object({ SpecialToken: z.object({ id: z.string() }) }), z.object({ Sequence: z.object({ id: z.literal('A') }) })]))
      .max(MAX_TEMPLATE_ENTRIES),
    pair: z.unknown(),
    special_tokens: z.record(z.string(), z.object({ ids: z.array(idOf()).max(MAX_TEMPLATE_ENTRIES) })),
  }),
};
const DECODERS = {
  ByteFallback: part('ByteFallback', {}),
  ByteLevel: part('ByteLevel', {
    add_prefix_space: z.boolean().optional(),
    trim_offsets: z.boolean().optional(),
    use_regex: z.boolean().optional(),
  }),
  Fuse: part('Fuse', {}),
  Replace: part('Replace', { pattern: z.strictObject({ String: z.string().min(1) }), content: z.string() }),
  Strip: part('Strip', { content: oneCharacter, start: z.number().int().min(0), stop: z.literal(0) }),
};

/** Normalizers that may remove a text's first characters. */
const REMOVING = ['BertNormalizer', 'Nmt', 'Replace', 'Strip', 'StripAccents'];

function idOf() {
  return z.number().int().min(0);
}

export type SplitBehavior = z.infer<typeof behaviorSchema>;
type Leaf<Table extends Record<string, z.ZodType>> = z.infer<Table[keyof Table]>;
export type NormalizerJson = Leaf<typeof NORMALIZERS> | { type: 'Sequence'; normalizers: NormalizerJson[] };
export type PreTokenizerJson = Leaf<typeof PRE_TOKENIZERS> | { type: 'Sequence'; pretokenizers: PreTokenizerJson[] };
export type PostProcessorJson = Leaf<typeof POST_PROCESSORS>;
export type DecoderJson = Leaf<typeof DECODERS>;

/** The parts of a tokenizer.json, checked. Those that may be a sequence of post-processors or decoders are flat. */
export interface TokenizerParts {
  readonly normalizer: NormalizerJson | null;
  readonly preTokenizer: PreTokenizerJson | null;
  readonly postProcessors: readonly PostProcessorJson[];
  readonly decoders: readonly DecoderJson[];
}

/** The names of all parts that are supported, for the documentation. */
export const supportedParts = {
  normalizer: [...Object.keys(NORMALIZERS), 'Sequence'].sort(),
  pre_tokenizer: [...Object.keys(PRE_TOKENIZERS), 'Sequence'].sort(),
  post_processor: [...Object.keys(POST_PROCESSORS), 'Sequence'].sort(),
  decoder: [...Object.keys(DECODERS), 'Sequence'].sort(),
};

/**
 * Checks the parts of a tokenizer.json other than its model.
 * @throws GptEdgeError `unsupported_model`, naming a part or an option that is not supported
 */
export function checkParts(json: {
  normalizer?: unknown;
  pre_tokenizer?: unknown;
  post_processor?: unknown;
  decoder?: unknown;
}): TokenizerParts {
  const post = readPart('post_processor', json.post_processor, POST_PROCESSORS, 'processors');
  const decoder = readPart('decoder', json.decoder, DECODERS, 'decoders');
  const normalizer = readPart('normalizer', json.normalizer, NORMALIZERS, 'normalizers');
  const preTokenizer = readPart('pre_tokenizer', json.pre_tokenizer, PRE_TOKENIZERS, 'pretokenizers');
  refuseMovedBeginning(flatten(normalizer, 'normalizers'), flatten(preTokenizer, 'pretokenizers'));
  return {
    normalizer: normalizer as NormalizerJson | null,
    preTokenizer: preTokenizer as PreTokenizerJson | null,
    postProcessors: flatten(post, 'processors') as PostProcessorJson[],
    decoders: flatten(decoder, 'decoders') as DecoderJson[],
  };
}

type Json = Record<string, unknown> & { type: string };

function readPart(where: string, json: unknown, table: Record<string, z.ZodType>, list: string, nesting = 0): Json | null {
  if (json === null || json === undefined) return null;
  const { type, [list]: inner } = json as Json;
  if (type === 'Sequence' && Array.isArray(inner) && nesting < MAX_NESTING)
    return { type, [list]: inner.map((one, index) => readPart(`${where}.${list}.${index}`, one ?? {}, table, list, nesting + 1)) };
  const schema = Object.hasOwn(table, type) ? table[type] : undefined;
  if (!schema) throw unsupported(`${where} ${JSON.stringify(type ?? null)} is not supported; supported: ${Object.keys(table).join(', ')}`);
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data as Json;
  const [issue] = parsed.error.issues;
  throw unsupported(`${where} ${type}: ${[...issue.path, issue.message].join(': ')}`);
}

/**
 * Metaspace's `first` means the beginning of the text as it was given, which is not known here any more if something
 * was removed or split off.
 */
function refuseMovedBeginning(normalizers: readonly Json[], preTokenizers: readonly Json[]): void {
  const place = preTokenizers.findLastIndex(({ type, prepend_scheme: scheme }) => type === 'Metaspace' && scheme === 'first');
  const before = [...normalizers.filter(({ type }) => REMOVING.includes(type)), ...preTokenizers.slice(0, Math.max(0, place))];
  if (place >= 0 && before.length > 0)
    throw unsupported(
      `pre_tokenizer Metaspace: prepend_scheme "first" is not supported after ${before.map(({ type }) => type).join(', ')}`,
    );
}

function flatten(json: Json | null, list: string): Json[] {
  if (json === null) return [];
  return json.type === 'Sequence' ? (json[list] as Json[]).flatMap((inner) => flatten(inner, list)) : [json];
}

export function unsupported(problem: string, cause?: unknown): GptEdgeError {
  return new GptEdgeError('unsupported_model', `tokenizer.json: ${problem}`, { param: 'tokenizer.json', cause });
}
