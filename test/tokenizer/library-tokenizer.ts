import { Tokenizer } from '@huggingface/tokenizers';
import type { TokenizerConfig } from '../../src/tokenizer/tokenizer-json.ts';
import type { WholeTokenizerJson } from './whole-tokenizer-json.ts';

/** The reference for this project's tokenizer: @huggingface/tokenizers itself, for text without special tokens. */
export function libraryTokenizer(tokenizer: WholeTokenizerJson, config: TokenizerConfig) {
  const library = exactUnknown(exactSpaces(new Tokenizer({ ...exactDigits(tokenizer), added_tokens: [] }, config)));
  return {
    encode: (text: string): number[] => library.encode(text, { add_special_tokens: false }).ids,
    decode: (ids: number[]): string => (ids.length === 0 ? '' : library.decode(ids, { clean_up_tokenization_spaces: false })),
    spelling: (id: number): string => library.id_to_token(id) ?? '',
  };
}

/** GPT-2's pattern with the white space that the tokenizers package knows: JavaScript's has U+FEFF and lacks U+0085. */
export function exactSpaces(library: Tokenizer): Tokenizer {
  type Part = { tokenizers?: Part[]; byte_encoder?: object; pattern?: RegExp } | null;
  const mend = (part: Part): void => {
    part?.tokenizers?.forEach(mend);
    if (part?.byte_encoder && part.pattern)
      part.pattern = new RegExp(part.pattern.source.replaceAll('\\s', '\\p{White_Space}').replaceAll('\\S', '\\P{White_Space}'), 'gu');
  };
  mend(library.pre_tokenizer as unknown as Part);
  return library;
}

/**
 * Unknown characters as the tokenizers package treats them: what nothing stands for is left out before anything is
 * merged, and only unknown characters of the same word are fused.
 */
function exactUnknown(library: Tokenizer): Tokenizer {
  type Model = { bpe?(word: string): string[]; _call(words: string[]): string[]; tokens_to_ids: Map<string, number> } & {
    unk_token_id?: number;
    byte_fallback?: boolean;
  };
  const model = library.model as unknown as Model;
  const [bpe, call] = [model.bpe?.bind(model), model._call.bind(model)];
  const hasBytes = (character: string) =>
    model.byte_fallback === true &&
    [...new TextEncoder().encode(character)].every((byte) =>
      model.tokens_to_ids.has(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`),
    );
  const isKept = (character: string) => model.unk_token_id !== undefined || model.tokens_to_ids.has(character) || hasBytes(character);
  if (bpe) model.bpe = (word) => bpe(Array.from(word).filter(isKept).join(''));
  model._call = (words) => words.flatMap((word) => call([word]));
  return library;
}

type Component = Record<string, unknown> & { type: string };

/** The library's `Digits` knows ASCII digits only; a `Split` is exact. */
function exactDigits(tokenizer: WholeTokenizerJson): WholeTokenizerJson {
  const rewrite = (component: Component): Component => {
    if (Array.isArray(component.pretokenizers)) return { ...component, pretokenizers: component.pretokenizers.map(rewrite) };
    if (component.type !== 'Digits') return component;
    return { type: 'Split', pattern: { Regex: component.individual_digits ? '\\p{N}' : '\\p{N}+' }, behavior: 'Isolated', invert: false };
  };
  return tokenizer.pre_tokenizer ? { ...tokenizer, pre_tokenizer: rewrite(tokenizer.pre_tokenizer) } : tokenizer;
}
