import type { TokenizerJson } from './tokenizer-json.ts';

type Component = Record<string, unknown> & { type: string };

/**
 * @huggingface/tokenizers' `Digits` knows ASCII digits only, the original every `\p{N}`. A `Split` on that class says the
 * same and is exact, so each `Digits` in the pre-tokenizer is rewritten as one.
 */
export function exactDigits(tokenizer: TokenizerJson): TokenizerJson {
  const rewrite = (component: Component): Component => {
    if (Array.isArray(component.pretokenizers)) return { ...component, pretokenizers: component.pretokenizers.map(rewrite) };
    if (component.type !== 'Digits') return component;
    return { type: 'Split', pattern: { Regex: component.individual_digits ? '\\p{N}' : '\\p{N}+' }, behavior: 'Isolated', invert: false };
  };
  return tokenizer.pre_tokenizer ? { ...tokenizer, pre_tokenizer: rewrite(tokenizer.pre_tokenizer) } : tokenizer;
}
