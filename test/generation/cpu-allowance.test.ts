import { describe, expect, it } from 'vitest';
import { complete } from '../../src/generation/complete.ts';
import { CpuAllowance } from '../../src/generation/cpu-allowance.ts';
import { IsolateWork, WorkBudget } from '../../src/generation/work-budget.ts';
import { WorkRate } from '../../src/generation/work-rate.ts';
import { collect } from './collect.ts';
import { MULTIPLY_ADDS_PER_TURN } from './past-decoder.ts';
import { completionRequest, pastModel } from './past-model.ts';

/** The models of these tests compute in no time, so what a turn takes is said, and not measured. */
class SaidRate extends WorkRate {
  override record(): void {}
}

const budgetOf = (allowance: CpuAllowance, isolate = new IsolateWork(), signal?: AbortSignal) =>
  new WorkBudget(MULTIPLY_ADDS_PER_TURN, signal, isolate, { rate: new SaidRate(100), allowance });

/** A model whose step takes a tenth of a turn: 10 ms. */
const slowModel = () => pastModel({ multiplyAddsPerToken: MULTIPLY_ADDS_PER_TURN / 40 });

describe('CpuAllowance', () => {
  it('should be spent before the limit, and be renewed as a whole', async () => {
    const allowance = new CpuAllowance(1000, { isRenewable: true });
    const budget = budgetOf(allowance);
    expect(budget.multiplyAddsLeft).toBeCloseTo(7.5 * MULTIPLY_ADDS_PER_TURN, 0);
    let calls = 0;
    const stop = allowance.watch(() => calls++);
    for (let turn = 0; turn < 7; turn++) budget.countTurns(1);
    expect(calls).toBe(0);
    for (let turn = 0; turn < 2; turn++) budget.countTurns(1);
    expect(calls).toBe(1);
    stop();
    expect([allowance.isSpent, allowance.left]).toEqual([true, 0]);
    let goesOn = false;
    const waiting = budget.takeTurn(1).then(() => {
      goesOn = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(goesOn).toBe(false);
    allowance.renew();
    await waiting;
    expect(allowance.left).toBe(750);
  });

  it('should not keep one waiting who is to end', async () => {
    const allowance = new CpuAllowance(1, { isRenewable: true });
    const abort = new AbortController();
    const budget = budgetOf(allowance, undefined, abort.signal);
    budget.countTurns(1);
    setTimeout(() => abort.abort(new Error('gone')), 1);
    await expect(budget.takeTurn(1)).rejects.toThrow('gone');
  });
});

describe('a completion whose CPU time is spent', () => {
  const request = completionRequest({ maxTokens: 40 });

  it('should end with the beginning of its text, and hold nothing', async () => {
    const model = slowModel();
    const pieces = await collect(await complete(model, [request], budgetOf(new CpuAllowance(200, { isRenewable: false }))));
    const last = pieces.at(-1)!;
    if (last.type !== 'piece') throw new Error('no piece');
    expect([last.finishReason, last.stoppedBy]).toEqual(['length', 'cpu_budget']);
    expect(last.completionTokens).toBeGreaterThan(3);
    expect(last.completionTokens).toBeLessThan(40);
    expect(model.scheduler.isBusy).toBe(false);
    expect(model.decoder.openSequences).toBe(0);
  });

  it('should have no token if the prompt takes it all', async () => {
    const budget = budgetOf(new CpuAllowance(1, { isRenewable: false }));
    const long = completionRequest({ prompt: Array.from({ length: 50 }, (_, index) => index), choices: 2, maxTokens: 4 });
    const pieces = await collect(await complete(slowModel(), [long], budget));
    expect(pieces.map((piece) => (piece.type === 'piece' ? [piece.choice, piece.completionTokens, piece.stoppedBy] : []))).toEqual([
      [0, 0, 'cpu_budget'],
      [1, 0, 'cpu_budget'],
    ]);
  });

  it('should go on while others compute for it', async () => {
    const model = slowModel();
    const isolate = new IsolateWork();
    const poor = complete(model, [request], budgetOf(new CpuAllowance(60, { isRenewable: false }), isolate)).then(collect);
    const rich = complete(model, [request], budgetOf(new CpuAllowance(300_000, { isRenewable: false }), isolate)).then(collect);
    const [last, other] = (await Promise.all([poor, rich])).map((pieces) => pieces.at(-1)!);
    expect(last).toMatchObject({ finishReason: 'length', completionTokens: 40 });
    expect(last).not.toHaveProperty('stoppedBy');
    expect(other).toMatchObject({ completionTokens: 40 });
  });
});
