import { describe, expect, it } from 'vitest';
import { prefill } from '../../src/generation/prefill.ts';
import { WorkBudget } from '../../src/generation/work-budget.ts';
import { MULTIPLY_ADDS_PER_TURN } from './past-decoder.ts';
import { pastModel } from './past-model.ts';

const PROMPT = Array.from({ length: 23 }, (_, index) => (index * 7) % 50);

/** The logits that a prefill hands out, by the index of their token in the prompt. */
async function logitsByIndex(model: ReturnType<typeof pastModel>, options: { allLogits?: boolean } = {}) {
  const read: [number, Float32Array][] = [];
  const budget = new WorkBudget(MULTIPLY_ADDS_PER_TURN);
  const keep: Parameters<typeof prefill>[4] = ({ values }, index) => read.push([index, values.slice()]);
  await prefill(model, model.decoder.createSequence(), PROMPT, budget, keep, options);
  return read;
}

describe('prefill', () => {
  it('should feed a short prompt in one call', async () => {
    const model = pastModel();
    expect(await logitsByIndex(model)).toEqual([[22, model.decoder.logitsAfter(PROMPT)]]);
    expect(model.decoder.calls).toEqual([PROMPT]);
  });

  it('should cut a prompt into slices of one work budget', async () => {
    const model = pastModel({ multiplyAddsPerToken: MULTIPLY_ADDS_PER_TURN / 10 });
    expect(await logitsByIndex(model)).toEqual([[22, model.decoder.logitsAfter(PROMPT)]]);
    expect(model.decoder.calls.map(({ length }) => length)).toEqual([10, 10, 3]);
    expect(model.decoder.calls.flat()).toEqual(PROMPT);
    // Only the logits of the last token: nobody wants those of the others.
    expect(model.decoder.rows).toEqual([0, 0, 1]);
  });

  it('should go token by token where one token takes more than a work budget', async () => {
    const model = pastModel({ multiplyAddsPerToken: MULTIPLY_ADDS_PER_TURN * 3 });
    await logitsByIndex(model);
    expect(model.decoder.calls).toEqual(PROMPT.map((id) => [id]));
  });

  it.each([1, MULTIPLY_ADDS_PER_TURN / 5])(
    'should give the logits of every position, one row at a time, with %d multiply-adds a token',
    async (multiplyAddsPerToken) => {
      const model = pastModel({ multiplyAddsPerToken });
      const expected = PROMPT.map((_, index) => [index, model.decoder.logitsAfter(PROMPT.slice(0, index + 1))]);
      expect(await logitsByIndex(model, { allLogits: true })).toEqual(expected);
      expect(model.decoder.rows).toEqual(multiplyAddsPerToken === 1 ? [23] : [5, 5, 5, 5, 3]);
    },
  );

  it('should not cut by memory, whatever the size of the vocabulary', async () => {
    const model = pastModel({ vocabularySize: 2 ** 20 });
    await logitsByIndex(model);
    expect(model.decoder.calls).toEqual([PROMPT]);
  });

  it('should end at the next slice once it is aborted', async () => {
    const model = pastModel({ multiplyAddsPerToken: MULTIPLY_ADDS_PER_TURN / 10 });
    const controller = new AbortController();
    const budget = new WorkBudget(MULTIPLY_ADDS_PER_TURN, controller.signal);
    const read = (_: unknown, index: number) => {
      if (index === 10) controller.abort();
    };
    const running = prefill(model, model.decoder.createSequence(), PROMPT, budget, read, { allLogits: true });
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    expect(model.decoder.calls.length).toBe(2);
  });
});
