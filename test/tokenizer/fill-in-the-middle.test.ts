import { describe, expect, it } from 'vitest';
import { fillInTheMiddle } from '../../src/tokenizer/fill-in-the-middle.ts';
import { addedToken, tokenizer, tokenizerWith } from './default-tokenizer.ts';

const declaring = (...spellings: string[]) =>
  tokenizerWith({ added_tokens: spellings.map((content, index) => addedToken(4100 + index, content)) });

describe('fillInTheMiddle', () => {
  it.each([
    ['Qwen2.5-Coder', ['<|fim_prefix|>', '<|fim_middle|>', '<|fim_suffix|>', '<|fim_pad|>'], [4100, 4102, 4101]],
    ['StarCoder', ['<fim_prefix>', '<fim_middle>', '<fim_suffix>', '<fim_pad>'], [4100, 4102, 4101]],
    ['SantaCoder', ['<fim-prefix>', '<fim-middle>', '<fim-suffix>', '<fim-pad>'], [4100, 4102, 4101]],
    ['DeepSeek-Coder', ['<｜fim▁hole｜>', '<｜fim▁begin｜>', '<｜fim▁end｜>'], [4101, 4100, 4102]],
    ['Code Llama', ['▁<PRE>', '▁<SUF>', '▁<MID>', '▁<EOT>'], [4100, 4101, 4102]],
  ])('should find the tokens of %s', (_, spellings, [prefix, suffix, middle]) => {
    const found = fillInTheMiddle(declaring(...spellings))!;
    expect(found).toMatchObject({ prefix, suffix, middle });
    expect([...found.ends].sort()).toEqual(spellings.map((_, index) => 4100 + index));
  });

  it('should find nothing where a token is missing', () => {
    expect(fillInTheMiddle(tokenizer)).toBeUndefined();
    expect(fillInTheMiddle(declaring('<|fim_prefix|>', '<|fim_suffix|>'))).toBeUndefined();
  });
});
