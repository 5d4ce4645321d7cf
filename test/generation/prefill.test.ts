import { describe, expect, it } from 'vitest';
import { type PrefillSlice, prefill } from '../../src/generation/prefill.ts';
import { Turns } from '../../src/generation/work-budget.ts';
import { MULTIPLY_ADDS_PER_TURN } from './past-decoder.ts';
import { pastModel } from './past-model.ts';

const PROMPT = Array.from({ length: 23 }, (_, index) => (index * 7) % 50);

async function slices(model: ReturnType<typeof pastModel>, options: { allLogits?: boolean } = {}): Promise<PrefillSlice[]> {
  const result: PrefillSlice[] = [];
  for await (const slice of prefill(model, model.decoder.createSequence(), PROMPT, new Turns(MULTIPLY_ADDS_PER_TURN), options))
    result.push({ ...slice, logits: slice.logits.slice() });
  return result;
}

describe('prefill', () => {
  it('should feed a short prompt in one call', async () => {
    const model = pastModel();
    const [slice, ...more] = await slices(model);
    expect(more).toEqual([]);
    expect(slice).toEqual({ start: 0, count: 23, logits: model.decoder.logitsAfter(PROMPT) });
    expect(model.decoder.calls).toEqual([PROMPT]);
  });

  it('should cut a prompt into slices of one turn’s work', async () => {
    const model = pastModel({ multiplyAddsPerToken: MULTIPLY_ADDS_PER_TURN / 10 });
    const result = await slices(model);
    expect(result.map(({ start, count }) => [start, count])).toEqual([
      [0, 10],
      [10, 10],
      [20, 3],
    ]);
    expect(model.decoder.calls.flat()).toEqual(PROMPT);
    // Logits of the last token alone: those before it are no one's to want.
    expect(result.map(({ logits }) => logits.length)).toEqual([0, 0, 50]);
    expect(result[2].logits).toEqual(model.decoder.logitsAfter(PROMPT));
  });

  it('should go token by token where one is more than a turn’s work', async () => {
    const model = pastModel({ multiplyAddsPerToken: MULTIPLY_ADDS_PER_TURN * 3 });
    expect((await slices(model)).map(({ count }) => count)).toEqual(PROMPT.map(() => 1));
  });

  it('should give the logits of every position, and less than 8 MB at once', async () => {
    // As large a vocabulary as makes 5 positions 8 MB; the decoder itself has 50.
    const model = pastModel({ vocabularySize: 2 ** 21 / 5 });
    const result = await slices(model, { allLogits: true });
    expect(result.map(({ count }) => count)).toEqual([5, 5, 5, 5, 3]);
    const rows = result.flatMap(({ logits, count }) => Array.from({ length: count }, (_, row) => logits.slice(row * 50, (row + 1) * 50)));
    expect(rows).toEqual(PROMPT.map((_, index) => model.decoder.logitsAfter(PROMPT.slice(0, index + 1))));
  });

  it('should not cut by memory where only the last logits are asked for', async () => {
    expect((await slices(pastModel({ vocabularySize: 2 ** 20 }))).map(({ count }) => count)).toEqual([23]);
  });

  it('should end at the next slice once it is aborted', async () => {
    const model = pastModel({ multiplyAddsPerToken: MULTIPLY_ADDS_PER_TURN / 10 });
    const controller = new AbortController();
    const run = async () => {
      for await (const { start } of prefill(
        model,
        model.decoder.createSequence(),
        PROMPT,
        new Turns(MULTIPLY_ADDS_PER_TURN, controller.signal),
      ))
        if (start === 10) controller.abort();
    };
    await expect(run()).rejects.toMatchObject({ name: 'AbortError' });
    expect(model.decoder.calls.length).toBe(2);
  });
});
