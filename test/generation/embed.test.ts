import { describe, expect, it } from 'vitest';
import { complete } from '../../src/generation/complete.ts';
import { embed } from '../../src/generation/embed.ts';
import { IsolateWork, WorkBudget } from '../../src/generation/work-budget.ts';
import { collect } from './collect.ts';
import { MULTIPLY_ADDS_PER_TURN } from './past-decoder.ts';
import { completionRequest, pastModel } from './past-model.ts';

const budgetOf = (signal?: AbortSignal) => new WorkBudget(MULTIPLY_ADDS_PER_TURN, signal, new IsolateWork());
const TEXTS = [[3, 1, 4, 1, 5], [9], Array.from({ length: 40 }, (_, index) => index)];

/** The sum of these states, scaled to length 1. */
function direction(states: readonly Float32Array[]): number[] {
  const sum = Array.from(states[0], (_, index) => states.reduce((total, state) => total + state[index], 0));
  const length = Math.sqrt(sum.reduce((total, value) => total + value * value, 0));
  return sum.map((value) => Math.fround(value * (1 / length)));
}

describe('embed', () => {
  it('should give the direction of the mean of all hidden states, or of the last one', async () => {
    for (const perToken of [1, MULTIPLY_ADDS_PER_TURN / 40])
      for (const pooling of [undefined, 'mean', 'last'] as const) {
        const model = pastModel({ pooling, multiplyAddsPerToken: perToken });
        const vectors = await (await embed(model, TEXTS, budgetOf())).vectors;
        for (const [index, text] of TEXTS.entries()) {
          const states = text.map((_, end) => model.decoder.hiddenAfter(text.slice(0, end + 1)));
          expect([...vectors[index]]).toEqual(direction(pooling === 'last' ? states.slice(-1) : states));
        }
        expect(model.decoder.openSequences).toBe(0);
      }
  });

  it('should give the same beside completions that take its room, over and over', async () => {
    const alone = await (await embed(pastModel(), TEXTS, budgetOf())).vectors;
    const options = { blockPositions: 4, totalBlocks: 17 };
    const model = pastModel({ multiplyAddsPerToken: MULTIPLY_ADDS_PER_TURN / 40 }, options);
    const others = Array.from({ length: 4 }, (_, index) => completionRequest({ prompt: TEXTS[2].slice(index), choices: 3 }));
    const isolate = new IsolateWork();
    const budget = () => new WorkBudget(MULTIPLY_ADDS_PER_TURN, undefined, isolate);
    const [vectors] = await Promise.all([
      embed(model, TEXTS, budget()).then((embedding) => embedding.vectors),
      ...others.map(async (request) => collect(await complete(model, [request], budget()))),
    ]);
    expect(vectors).toEqual(alone);
    expect(model.decoder.kvCache.freeBlocks).toBe(17);
  });

  it('should refuse a text that does not fit before it computes anything', async () => {
    const model = pastModel({}, { contextWindow: 16 });
    await expect(embed(model, TEXTS, budgetOf())).rejects.toMatchObject({ code: 'context_length_exceeded', param: 'input' });
    expect(model.decoder.calls).toEqual([]);
  });

  it('should end and free its room when aborted', async () => {
    const model = pastModel({ multiplyAddsPerToken: MULTIPLY_ADDS_PER_TURN });
    const abort = new AbortController();
    const { vectors } = await embed(model, TEXTS, budgetOf(abort.signal));
    abort.abort();
    await expect(vectors).rejects.toMatchObject({ name: 'AbortError' });
    expect(model.decoder.openSequences).toBe(0);
    expect(model.scheduler.isBusy).toBe(false);
  });
});
