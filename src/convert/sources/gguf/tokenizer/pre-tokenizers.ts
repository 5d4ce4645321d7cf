/** How text is split into pieces before byte-level BPE, and the settings that go with it. */
export interface PreTokenizer {
  readonly pre_tokenizer: object;
  readonly normalizer?: object;
  readonly ignoreMerges?: boolean;
  /** Whether BOS is put before a text if the file does not say so itself. */
  readonly addBos?: boolean;
}

const byteLevel = (use_regex: boolean) => ({ type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex });

const sequence = (...pretokenizers: object[]) => ({ type: 'Sequence', pretokenizers });

const split = (Regex: string) => ({ type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false });

/** Returns GPT-4's pattern or one of its variants, which differ in how many digits stay together. */
const gpt4Pattern = (digits: string) =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

/** GPT-2's own pattern is built into ByteLevel. */
const gpt2: PreTokenizer = { pre_tokenizer: byteLevel(true) };
/** GPT-NeoX's, which Pythia and OLMo have. */
const gptNeox: PreTokenizer = { normalizer: { type: 'NFC' }, pre_tokenizer: byteLevel(true) };
/** Splits off digits one by one before GPT-2's pattern applies, which changes how spaces before them are grouped. */
const digits: PreTokenizer = { pre_tokenizer: sequence({ type: 'Digits', individual_digits: true }, byteLevel(true)) };
const llama3: PreTokenizer = {
  pre_tokenizer: sequence(split(gpt4Pattern('\\p{N}{1,3}')), byteLevel(false)),
  ignoreMerges: true,
  addBos: true,
};
const qwen2: PreTokenizer = {
  normalizer: { type: 'NFC' },
  pre_tokenizer: sequence(split(gpt4Pattern('\\p{N}')), byteLevel(false)),
};

/** The pre-tokenizers by `tokenizer.ggml.pre`, as llama.cpp's llama-vocab.cpp names them. */
export const preTokenizers: Readonly<Record<string, PreTokenizer>> = {
  'gpt-2': gpt2,
  smollm: digits,
  starcoder: digits,
  refact: digits,
  'llama-bpe': llama3,
  llama3,
  'llama-v3': llama3,
  olmo: gptNeox,
  qwen2,
  'deepseek-r1-qwen': qwen2,
};
