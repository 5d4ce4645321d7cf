import { describe, expect, it, vi } from 'vitest';
import { IsolateWork, WorkBudget } from '../../src/generation/work-budget.ts';
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
    const budget = new WorkBudget(MULTIPLY_ADDS_PER_TURN, undefined, new IsolateWork());
    const third = MULTIPLY_ADDS_PER_TURN / 3;
    const yielded: boolean[] = [];
    for (let step = 0; step < 7; step++) yielded.push(await letsOthersRun(budget, third));
    expect(yielded).toEqual([false, false, false, true, false, false, true]);
  });

  it('should let others run before every piece of work that takes the whole budget, except for the first', async () => {
    const budget = new WorkBudget(MULTIPLY_ADDS_PER_TURN, undefined, new IsolateWork());
    expect(await letsOthersRun(budget, MULTIPLY_ADDS_PER_TURN)).toBe(false);
    expect(await letsOthersRun(budget, MULTIPLY_ADDS_PER_TURN)).toBe(true);
    expect(await letsOthersRun(budget, 1)).toBe(true);
  });

  it('should notice an abort that happened meanwhile, and throw its reason', async () => {
    const controller = new AbortController();
    const budget = new WorkBudget(MULTIPLY_ADDS_PER_TURN, controller.signal, new IsolateWork());
    await budget.spend(MULTIPLY_ADDS_PER_TURN);
    const reason = new Error('client went away');
    setTimeout(() => controller.abort(reason), 0);
    await expect(budget.spend(1)).rejects.toBe(reason);
  });

  it('should notice an abort even if the budget is not spent', async () => {
    await expect(new WorkBudget(MULTIPLY_ADDS_PER_TURN, AbortSignal.abort()).spend(1)).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('should count what others do as well, so that one who comes when a turn is spent lets others run first', async () => {
    const isolate = new IsolateWork();
    await new WorkBudget(MULTIPLY_ADDS_PER_TURN, undefined, isolate).spend(MULTIPLY_ADDS_PER_TURN);
    expect(await letsOthersRun(new WorkBudget(MULTIPLY_ADDS_PER_TURN, undefined, isolate), 1000)).toBe(true);
  });

  it('should call back once, after so many turns of its own or of others since it began', async () => {
    const isolate = new IsolateWork();
    const [mine, other] = [1, 2].map(() => new WorkBudget(MULTIPLY_ADDS_PER_TURN, undefined, isolate));
    let reached = 0;
    mine.afterTurns(2, async () => {
      reached++;
    });
    await mine.spendTurns(1);
    await other.spendTurns(0.9);
    await mine.spendTurns(0.2);
    expect(reached).toBe(0);
    await mine.spendTurns(0.1);
    await mine.spendTurns(1);
    expect(reached).toBe(1);
  });

  it('should end once it is aborted itself', async () => {
    const budget = new WorkBudget(MULTIPLY_ADDS_PER_TURN, undefined, new IsolateWork());
    budget.abort();
    await expect(budget.spend(1)).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('should do one turn of work between two visits to the event loop, however many requests wait', async () => {
    const isolate = new IsolateWork();
    let done = 0;
    let most = 0;
    const visits = setInterval(() => {
      most = Math.max(most, done);
      done = 0;
    }, 0);
    const order: number[] = [];
    const work = async (who: number) => {
      const budget = new WorkBudget(MULTIPLY_ADDS_PER_TURN, undefined, isolate);
      for (let piece = 0; piece < 3; piece++) {
        await budget.spendTurns(1);
        order.push(who);
        done++;
      }
    };
    await Promise.all([0, 1, 2, 3].map(work));
    clearInterval(visits);
    expect(most).toBe(1);
    expect(order).toEqual([0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3]);
  });

  it('should wait by one timer for all requests of a Durable Object, and by one for each in a Worker', async () => {
    const timersOf = async (place?: object) => {
      const isolate = new IsolateWork();
      const timers = vi.spyOn(globalThis, 'setTimeout');
      const work = async () => {
        const budget = new WorkBudget(MULTIPLY_ADDS_PER_TURN, undefined, isolate);
        budget.place = place;
        for (let piece = 0; piece < 4; piece++) await budget.spendTurns(1);
      };
      await Promise.all([0, 1, 2, 3].map(work));
      const count = timers.mock.calls.length;
      timers.mockRestore();
      return count;
    };
    const [own, shared] = [await timersOf(), await timersOf({})];
    expect(shared).toBeLessThan(own / 2);
    expect(shared).toBeGreaterThanOrEqual(15);
  });

  it('should not wait for work that is not needed any more', async () => {
    const isolate = new IsolateWork();
    const [first, second] = [1, 2].map(() => new WorkBudget(MULTIPLY_ADDS_PER_TURN, undefined, isolate));
    first.countTurns(1);
    const order: string[] = [];
    const waiting = first.spendTurns(1).then(() => order.push('first'));
    await second.takeTurn(0, () => true).then(() => order.push('second'));
    await waiting;
    expect(new Set(order)).toEqual(new Set(['first', 'second']));
    expect(isolate.total).toBe(2);
  });

  it('should not wait for a request that was cancelled, whose code does not go on', async () => {
    const isolate = new IsolateWork();
    const [cancelled, other] = [1, 2].map(() => new WorkBudget(MULTIPLY_ADDS_PER_TURN, undefined, isolate));
    isolate.sinceVisit = 1;
    const { setTimeout: original } = globalThis;
    // Its timer never fires, as with a request that workerd has cancelled.
    globalThis.setTimeout = (() => 0) as unknown as typeof setTimeout;
    void cancelled.spendTurns(1);
    globalThis.setTimeout = original;
    await other.spendTurns(1);
    expect(isolate.total).toBe(1);
  });
});
