import { TextTokenizer } from '../../src/tokenizer/text-tokenizer.ts';
import { addedToken, tokenizerJson } from './default-tokenizer.ts';
import { parsed, type WholeTokenizerJson } from './whole-tokenizer-json.ts';

const CHARACTERS = [...'abcdefghijklmnopqrstuvwxyzABCXYZ0123456789 .,!?\n\u2581日本語😀é\u0301'];
const ids = (pieces: readonly string[]) => Object.fromEntries([...new Set(pieces)].map((piece, id) => [piece, id]));

const unigram = {
  type: 'Unigram',
  unk_id: 0,
  vocab: ['<unk>', ...CHARACTERS, 'aa', 'aaaa', '\u2581the', 'the', 'once', '日本'].map((piece, id) => [
    piece,
    id === 0 ? 0 : -1 - (id % 7),
  ]),
};
const wordPiece = {
  type: 'WordPiece',
  unk_token: '<unk>',
  continuing_subword_prefix: '##',
  max_input_chars_per_word: 2 ** 24,
  vocab: ids(['<unk>', ...CHARACTERS, ...CHARACTERS.map((character) => `##${character}`), 'aaaa', '##aaa']),
};
const wordLevel = { type: 'WordLevel', unk_token: '<unk>', vocab: ids(['<unk>', 'Once', 'upon', 'a', ...CHARACTERS]) };
const spaceBpe = {
  type: 'BPE',
  unk_token: '<unk>',
  vocab: ids(['<unk>', ...CHARACTERS, 'aa', 'aaaa', 'th', 'the', '\u2581\u2581', '日本']),
  merges: [
    ['a', 'a'],
    ['aa', 'aa'],
    ['t', 'h'],
    ['th', 'e'],
    ['\u2581', '\u2581'],
    ['日', '本'],
  ],
};
const decoder = { type: 'Sequence', decoders: [{ type: 'ByteFallback' }, { type: 'Fuse' }] };
const metaspace = (split: boolean) => ({ type: 'Metaspace', replacement: '\u2581', prepend_scheme: 'always', split });
const split = (Regex: string, behavior: string) => ({ type: 'Split', pattern: { Regex }, behavior, invert: false });
const bert = { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true };
const SPACE_REPLACED = { type: 'Replace', pattern: { String: ' ' }, content: '\u2581' };
const REGEX_REPLACED = { type: 'Replace', pattern: { Regex: '\\s' }, content: '\u2581' };
const LLAMA_3 =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const BYTE_LEVEL = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };
const manyAdded = Array.from({ length: 500 }, (_, index) => addedToken(5000 + index, `<|reserved_${index}|>`));

/** What differs from the default tokenizer, which is a byte-level BPE with GPT-2's pattern. */
const CHANGES: Record<string, Partial<WholeTokenizerJson> | Record<string, unknown>> = {
  'GPT-2': {},
  'GPT-2 with many added tokens': { added_tokens: [...tokenizerJson.added_tokens, ...manyAdded] },
  'added tokens that strip': { added_tokens: [addedToken(4097, '<|x|>', { lstrip: true, rstrip: true, special: false })] },
  'LLaMA 3': { pre_tokenizer: { type: 'Sequence', pretokenizers: [split(LLAMA_3, 'Isolated'), BYTE_LEVEL] } },
  'one word of bytes': { pre_tokenizer: BYTE_LEVEL },
  'SentencePiece BPE': { decoder, normalizer: SPACE_REPLACED, pre_tokenizer: null, model: spaceBpe },
  'Metaspace BPE': { decoder, normalizer: { type: 'NFKC' }, pre_tokenizer: metaspace(true), model: spaceBpe },
  Unigram: { decoder, normalizer: { type: 'NFC' }, pre_tokenizer: metaspace(false), model: unigram },
  'Unigram in words': { decoder, normalizer: REGEX_REPLACED, pre_tokenizer: metaspace(true), model: unigram },
  BERT: { decoder, normalizer: bert, pre_tokenizer: { type: 'BertPreTokenizer' }, model: wordPiece },
  'one long WordPiece': { decoder, normalizer: { type: 'Lowercase' }, pre_tokenizer: null, model: wordPiece },
  WordLevel: { decoder, normalizer: { type: 'StripAccents' }, pre_tokenizer: { type: 'Whitespace' }, model: wordLevel },
  'joined parts': {
    decoder,
    normalizer: { type: 'NFD' },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [split('\\w', 'Contiguous'), split('\\s', 'MergedWithNext'), split('[^a]', 'MergedWithPrevious')],
    },
    model: wordLevel,
  },
  'removed parts': { decoder, pre_tokenizer: { type: 'WhitespaceSplit' }, model: wordLevel },
  'byte normalizer': { decoder: tokenizerJson.decoder, normalizer: { type: 'ByteLevel' }, pre_tokenizer: null },
};

/** A tokenizer of each kind: models, pre-tokenizers and normalizers as models have them, and others that are hard. */
export const TOKENIZER_KINDS = Object.entries(CHANGES).map(([kind, changes]): [kind: string, open: () => TextTokenizer] => [
  kind,
  () =>
    new TextTokenizer(
      parsed({ ...tokenizerJson, added_tokens: 'model' in changes ? [] : tokenizerJson.added_tokens, ...changes } as WholeTokenizerJson),
    ),
]);

/** What a long text may consist of. */
export const TEXT_KINDS: Record<string, string> = {
  prose: "Once upon a time there was a girl named Lily, and she didn't like 12 frogs. ",
  'one letter': 'a',
  letters: 'theinar',
  capitals: 'ΑΣ',
  CJK: '日本語',
  emoji: '😀👩‍👩‍👧',
  spaces: ' ',
  'line breaks': '\n',
  digits: '1234567890',
  punctuation: '.',
  accents: 'e\u0301',
  marks: '\u0301\u0323',
  'half a pair': '\ud83d',
  'a special token': '<|endoftext|>',
  'most of a special token': '<|endoftext|',
  'an added token': ' <|x|> ',
};
