import { describe, expect, it } from 'vitest';
import { isSliding, readParameters } from '../../src/page/state/parameters.ts';
import { samplingFields } from '../../src/page/state/sampling-fields.ts';
import { percent, surprise } from '../../src/page/state/surprisal.ts';
import { tokenTexts } from '../../src/page/state/token-texts.ts';

describe('texts of tokens', () => {
  it('should put characters together that several tokens share', () => {
    expect(tokenTexts(['bytes:\\xf0\\x9f', 'bytes:\\x98', 'bytes:\\x80', ' a', '\n'])).toEqual(['', '', '😀', ' a', '\n']);
  });

  it('should show what is no UTF-8 as such, and leave text alone that only looks like bytes', () => {
    expect(tokenTexts(['bytes:\\xff', 'bytes:', 'bytes:\\xzz'])).toEqual(['\ufffd', 'bytes:', 'bytes:\\xzz']);
  });
});

describe('colours and figures', () => {
  it('should be equal steps for halves, and end', () => {
    const steps = [1, 1 / 2, 1 / 4, 1 / 128, 1e-9].map((probability) => surprise(Math.log(probability)));
    expect(steps.map((step) => Math.round(step * 7))).toEqual([0, 1, 2, 7, 7]);
    expect(surprise(null)).toBe(0);
  });

  it.each([
    [1, '100 %'],
    [0.9999, '> 99.9 %'],
    [0.456, '46 %'],
    [0.0996, '10 %'],
    [0.0994, '9.9 %'],
    [0.00096, '0.1 %'],
    [0.0002, '0.02 %'],
    [0.00001, '< 0.01 %'],
    [0, '< 0.01 %'],
  ])('should read %s as %s', (probability, text) => expect(percent(probability)).toBe(text));
});

describe('parameters', () => {
  const number = (minimum: number, maximum: number, description: string) => ({ type: ['number', 'null'], minimum, maximum, description });
  const properties = {
    seed: { ...number(-5, 5, 'Any. Default: random.'), type: ['integer', 'null'] },
    temperature: number(0, 2, "How. Default: the model's, else 1."),
    presence_penalty: number(-2, 2, 'How. Default 0.'),
    prompt: { description: 'Text.' },
  };
  const parameters = readParameters({ components: { schemas: { CompletionRequest: { properties } } } });

  it('should be those of the document, with its ranges and defaults', () => {
    expect(parameters.map(({ name, min, max, fallback }) => [name, min, max, fallback])).toEqual([
      ['temperature', 0, 2, 1],
      ['seed', -5, 5, undefined],
      ['presence_penalty', -2, 2, 0],
    ]);
    expect(parameters.map(isSliding)).toEqual([true, false, true]);
    expect(readParameters({ components: { schemas: {} } })).toEqual([]);
  });

  it('should go into a request as numbers, or as they are for the API to refuse', () => {
    expect(samplingFields({ temperature: ' 0.5 ', seed: '', presence_penalty: 'much', other: '3' }, parameters)).toEqual({
      temperature: 0.5,
      presence_penalty: 'much',
    });
    expect(samplingFields({ stop: 'one\n\\n\\n\n' }, parameters)).toEqual({ stop: ['one', '\n\n'] });
  });
});
