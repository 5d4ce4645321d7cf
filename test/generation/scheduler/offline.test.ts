import { afterEach, describe, expect, it, vi } from 'vitest';
import { complete } from '../../../src/generation/complete.ts';
import type { CompletionRequest } from '../../../src/generation/completion-request.ts';
import type { LanguageModel } from '../../../src/generation/language-model.ts';
import { IsolateWork, WorkBudget } from '../../../src/generation/work-budget.ts';
import { collect } from '../collect.ts';
import { MULTIPLY_ADDS_PER_TURN } from '../past-decoder.ts';
import { completionRequest, pastModel } from '../past-model.ts';

afterEach(() => void vi.useRealTimers());

const promptOf = (first: number, length = 5) => Array.from({ length }, (_, index) => (first + index) % 50);

/** A model whose cache has blocks of 4 positions. A token takes a hundredth of a turn. */
const modelWith = (totalBlocks: number, options: { queueLimit?: number } = {}) =>
  pastModel(
    { multiplyAddsPerToken: MULTIPLY_ADDS_PER_TURN / 100 },
    { blockPositions: 4, totalBlocks, contextWindow: 64, speculates: false, ...options },
  );

function start(model: LanguageModel, isolate: IsolateWork, isOffline: boolean, changes: Partial<CompletionRequest>, signal?: AbortSignal) {
  const budget = new WorkBudget(MULTIPLY_ADDS_PER_TURN, signal, isolate);
  budget.isOffline = isOffline;
  return complete(model, [completionRequest(changes)], budget);
}

/** Lines of a batch, which are read as they come. */
const lines = (model: LanguageModel, isolate: IsolateWork, count: number, maxTokens: number) =>
  Array.from({ length: count }, (_, index) => start(model, isolate, true, { prompt: promptOf(index), maxTokens }).then(collect));

describe('requests for which nobody waits', () => {
  it('should let a caller wait for no more than twice the work that it takes alone', async () => {
    const request = { prompt: promptOf(30, 12), maxTokens: 30 };
    const workOf = async (lineCount: number) => {
      const model = modelWith(400);
      const isolate = new IsolateWork();
      const all = lines(model, isolate, lineCount, 50);
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
      const before = isolate.total;
      await collect(await start(model, isolate, false, request));
      const work = isolate.total - before;
      await Promise.all(all);
      return work;
    };
    const alone = await workOf(0);
    // A tick that was running when the caller came is a quarter of a turn.
    expect(await workOf(40)).toBeLessThan(2 * alone + 0.5);
  });

  it('should give their room to a caller at once, and still end as they would alone', async () => {
    const model = modelWith(16);
    const isolate = new IsolateWork();
    const wanted = await Promise.all(lines(modelWith(400), new IsolateWork(), 4, 40));
    const all = lines(model, isolate, 4, 40);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
    const batches = model.decoder.batches.length;
    const caller = await start(model, isolate, false, { prompt: promptOf(30), maxTokens: 40 });
    expect(model.decoder.batches.length - batches).toBeLessThan(3);
    await collect(caller);
    const texts = (answers: typeof wanted) =>
      answers.map((events) => events.map((event) => (event.type === 'piece' ? event.text : '')).join(''));
    expect(texts(await Promise.all(all))).toEqual(texts(wanted));
  });

  it('should not stand before a caller in the queue', async () => {
    const model = modelWith(16, { queueLimit: 2 });
    const isolate = new IsolateWork();
    const all = Promise.allSettled(lines(model, isolate, 8, 40));
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(model.scheduler.waitingCount).toBeGreaterThan(0);
    expect(model.scheduler.callersWaiting).toBe(0);
    await collect(await start(model, isolate, false, { prompt: promptOf(30), maxTokens: 10 }));
    const ends = await all;
    expect(ends.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(2);
    for (const end of ends) if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'overloaded' });
  });

  it('should end although callers take all the room all the time', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const model = modelWith(16);
    const isolate = new IsolateWork();
    const abort = new AbortController();
    const callers = Array.from({ length: 3 }, async (_, index) => {
      while (!abort.signal.aborted) {
        const request = { prompt: promptOf(10 * index), maxTokens: 50 };
        await start(model, isolate, false, request, abort.signal)
          .then(collect)
          .catch(() => {});
        vi.setSystemTime(Date.now() + 1000);
      }
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    // The second waits until the first has ended.
    await Promise.all(lines(model, isolate, 2, 20));
    abort.abort();
    await Promise.all(callers);
    expect(model.decoder.openSequences).toBe(0);
  });
});
