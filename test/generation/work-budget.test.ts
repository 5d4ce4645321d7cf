import { describe, expect, it } from 'vitest';
import { WorkBudget } from '../../src/generation/work-budget.ts';
import { MULTIPLY_ADDS_PER_TURN } from './past-decoder.ts';

/** Whether other work ran while `spend` was awaited. */
async function letsOthersRun(budget: WorkBudget, multiplyAdds: number): Promise<boolean> {
  let ran = false;
  setTimeout(() => {
    ran = true;
  }, 0);
  await budget.spend(multiplyAdds);
  return ran;
}

describe('WorkBudget', () => {
  it('should let others run before the work would exceed the budget, and then count anew', async () => {
    const budget = new WorkBudget(MULTIPLY_ADDS_PER_TURN);
    const third = MULTIPLY_ADDS_PER_TURN / 3;
    const yielded: boolean[] = [];
    for (let step = 0; step < 7; step++) yielded.push(await letsOthersRun(budget, third));
    expect(yielded).toEqual([false, false, false, true, false, false, true]);
  });

  it('should let others run before every piece of work that takes the whole budget, except for the first', async () => {
    const budget = new WorkBudget(MULTIPLY_ADDS_PER_TURN);
    expect(await letsOthersRun(budget, MULTIPLY_ADDS_PER_TURN)).toBe(false);
    expect(await letsOthersRun(budget, MULTIPLY_ADDS_PER_TURN)).toBe(true);
    expect(await letsOthersRun(budget, 1)).toBe(true);
  });

  it('should notice an abort that happened meanwhile, and throw its reason', async () => {
    const controller = new AbortController();
    const budget = new WorkBudget(MULTIPLY_ADDS_PER_TURN, controller.signal);
    await budget.spend(MULTIPLY_ADDS_PER_TURN);
    const reason = new Error('client went away');
    setTimeout(() => controller.abort(reason), 0);
    await expect(budget.spend(1)).rejects.toBe(reason);
  });

  it('should notice an abort even if the budget is not spent', async () => {
    await expect(new WorkBudget(MULTIPLY_ADDS_PER_TURN, AbortSignal.abort()).spend(1)).rejects.toMatchObject({ name: 'AbortError' });
  });
});
