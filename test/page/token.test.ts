import { describe, expect, it } from 'vitest';
import { tokenTexts } from '../../src/page/client/token.ts';
import { percent } from '../../src/page/components/number-formats.ts';
import { tint } from '../../src/page/state/surprisal.ts';

describe('texts of tokens', () => {
  it('should put together a character that several tokens share', () => {
    expect(tokenTexts(['bytes:\\xf0\\x9f', 'bytes:\\x98', 'bytes:\\x80', ' a', '\n'])).toEqual(['', '', '😀', ' a', '\n']);
  });

  it('should show invalid UTF-8 as U+FFFD, and keep text that only looks like bytes', () => {
    expect(tokenTexts(['bytes:\\xff', 'bytes:', 'bytes:\\xzz'])).toEqual(['\ufffd', 'bytes:', 'bytes:\\xzz']);
  });
});

describe('tint', () => {
  it('should rise by equal steps for halves of a probability, up to a maximum', () => {
    const steps = [1, 1 / 2, 1 / 4, 1 / 128, 1e-9].map((probability) => tint(Math.log(probability)));
    expect(steps.map((step) => Math.round(step * 7))).toEqual([0, 1, 2, 7, 7]);
    expect(tint(null)).toBe(0);
  });
});

describe('percent', () => {
  it.each([
    [1, '100%'],
    [0.9999, '> 99.9%'],
    [0.456, '46%'],
    [0.0996, '10%'],
    [0.0994, '9.9%'],
    [0.00096, '0.1%'],
    [0.0002, '0.02%'],
    [0.00001, '< 0.01%'],
    [0, '< 0.01%'],
  ])('should write %s as %s', (probability, text) => expect(percent(probability)).toBe(text));
});
