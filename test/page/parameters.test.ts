import { describe, expect, it } from 'vitest';
import { hasSlider, readParameters, samplingFields } from '../../src/page/state/parameters.ts';

describe('parameters', () => {
  const number = (minimum: number, maximum: number, rest: object = {}) => ({ type: ['number', 'null'], minimum, maximum, ...rest });
  const properties = {
    seed: { ...number(-5, 5), type: ['integer', 'null'] },
    temperature: number(0, 2, { description: 'How random.', 'x-fallback': 1 }),
    presence_penalty: number(-2, 2, { default: 0 }),
    prompt: { description: 'Text.' },
  };
  const parameters = readParameters({ components: { schemas: { CompletionRequest: { properties } } } });

  it('should be those of the document, with its ranges and defaults', () => {
    expect(parameters.map(({ name, min, max, fallback }) => [name, min, max, fallback])).toEqual([
      ['temperature', 0, 2, 1],
      ['seed', -5, 5, undefined],
      ['presence_penalty', -2, 2, 0],
    ]);
    expect(parameters.map(hasSlider)).toEqual([true, false, true]);
    expect(parameters[0].description).toBe('How random.');
    expect(readParameters({ components: { schemas: {} } })).toEqual([]);
  });

  it('should not depend on the wording of a description', () => {
    const worded = { temperature: number(0, 2, { description: "How. Default: the model's, else 2.", 'x-fallback': 1 }) };
    expect(readParameters({ components: { schemas: { CompletionRequest: { properties: worded } } } })[0].fallback).toBe(1);
  });

  it('should go into a request as numbers, or unchanged for the API to refuse', () => {
    expect(samplingFields({ temperature: ' 0.5 ', seed: '', presence_penalty: 'much', other: '3' }, parameters)).toEqual({
      temperature: 0.5,
      presence_penalty: 'much',
    });
    expect(samplingFields({ stop: 'one\n\\n\\n\n' }, parameters)).toEqual({ stop: ['one', '\n\n'] });
  });
});
