import { describe, expect, it } from 'vitest';
import type { WireModel } from '../../src/api/openai/schemas/model-schema.ts';
import { examplesOf, modelUse } from '../../src/page/state/model-use.ts';

const model = (parameters: number, chat_template: boolean, card: WireModel['card'] = null) =>
  ({ parameters, chat_template, card }) as WireModel;

describe('what a model is good for', () => {
  it("should be said in the card's words, and by kind and size where the card says nothing", () => {
    const card = { use: 'Stories.', limits: null, examples: { prompts: ['Once'], messages: [] } };
    expect(modelUse(model(5e6, false, card))).toEqual({ good: 'Stories.', bad: modelUse(model(5e6, false)).bad });
  });

  it.each([
    ['a tiny model that chats', 1e6, true, /one kind of text/, /next to nothing/],
    ['a small model that chats', 135e6, true, /testing programs/, /most questions and jobs wrong, plain ones too/],
    ['a larger model that chats', 1e9, true, /Short everyday requests/, /without checking/],
    ['a tiny model that does not', 1e6, false, /one kind/, /it only continues a text/],
    ['a larger model that does not', 1e9, false, /^Continuing a text that you begin\.$/, /it only continues a text/],
  ])('should not promise too much for %s', (_, parameters, hasTemplate, good, bad) => {
    const use = modelUse(model(parameters, hasTemplate));
    expect(use.good).toMatch(good);
    expect(use.bad).toMatch(bad);
  });

  it("should be tried with the card's examples, or else with some that are no story openings", () => {
    const card = { use: null, limits: null, examples: { prompts: ['Once'], messages: [] } };
    expect(examplesOf(model(1e6, true, card), 'completion')).toEqual(['Once']);
    for (const mode of ['completion', 'chat'] as const)
      for (const text of examplesOf(model(1e9, true), mode)) expect(text).not.toMatch(/once upon|story|dragon|Lily/i);
    expect(examplesOf(undefined, 'chat')).toEqual([]);
  });
});
