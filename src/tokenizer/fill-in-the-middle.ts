import type { TextTokenizer } from './text-tokenizer.ts';

/** Tokens with which a model was trained to write what stands between two texts. */
export interface FillInTheMiddle {
  /** Ids of the tokens before the text that comes first, before the text that comes last, and before what is missing. */
  readonly prefix: number;
  readonly suffix: number;
  readonly middle: number;
  /** Ids that end what is missing: the three above, and others that stand between files. */
  readonly ends: readonly number[];
  /** Whether the tokenizer puts a space before a text, which the text that comes last must not have. */
  readonly putsSpace: boolean;
}

/** How a family of models spells these tokens. */
interface Spelling {
  readonly prefix: string;
  readonly suffix: string;
  readonly middle: string;
  readonly ends: readonly string[];
  readonly putsSpace?: boolean;
}

/** The order in which all of these models read the parts is the text before, the text after, and then the middle. */
const SPELLINGS: readonly Spelling[] = [
  // Qwen2.5-Coder and CodeGemma.
  {
    prefix: '<|fim_prefix|>',
    suffix: '<|fim_suffix|>',
    middle: '<|fim_middle|>',
    ends: ['<|fim_pad|>', '<|repo_name|>', '<|file_sep|>', '<|file_separator|>', '<|endoftext|>'],
  },
  // StarCoder, StarCoder2, Granite and Stable Code.
  { prefix: '<fim_prefix>', suffix: '<fim_suffix>', middle: '<fim_middle>', ends: ['<fim_pad>', '<file_sep>', '<|endoftext|>'] },
  // SantaCoder.
  { prefix: '<fim-prefix>', suffix: '<fim-suffix>', middle: '<fim-middle>', ends: ['<fim-pad>', '<|endoftext|>'] },
  // DeepSeek-Coder, which calls the places begin, hole and end.
  { prefix: '<｜fim▁begin｜>', suffix: '<｜fim▁hole｜>', middle: '<｜fim▁end｜>', ends: [] },
  // Code Llama.
  { prefix: '▁<PRE>', suffix: '▁<SUF>', middle: '▁<MID>', ends: ['▁<EOT>'], putsSpace: true },
];

/** The tokens for filling in a gap that a tokenizer declares; undefined if it has none of a known family. */
export function fillInTheMiddle(tokenizer: TextTokenizer): FillInTheMiddle | undefined {
  for (const { ends, putsSpace = false, ...spelled } of SPELLINGS) {
    const [prefix, suffix, middle] = [spelled.prefix, spelled.suffix, spelled.middle].map((text) => tokenizer.addedId(text));
    if (prefix === undefined || suffix === undefined || middle === undefined) continue;
    const others = ends.map((text) => tokenizer.addedId(text)).filter((id) => id !== undefined);
    return { prefix, suffix, middle, ends: [prefix, suffix, middle, ...others], putsSpace };
  }
  return undefined;
}
