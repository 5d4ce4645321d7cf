import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { complete } from '../../../src/generation/complete.ts';
import type { CompletionEvent } from '../../../src/generation/completion-event.ts';
import type { CompletionRequest } from '../../../src/generation/completion-request.ts';
import type { LanguageModel } from '../../../src/generation/language-model.ts';
import { MAX_UNREAD_TOKENS } from '../../../src/generation/scheduler/choice-run.ts';
import type { SchedulerOptions } from '../../../src/generation/scheduler/scheduler.ts';
import { IsolateWork, WorkBudget } from '../../../src/generation/work-budget.ts';
import { collect } from '../collect.ts';
import { MULTIPLY_ADDS_PER_TURN } from '../past-decoder.ts';
import { completionRequest, pastModel } from '../past-model.ts';

const promptOf = (first: number, length = 5) => Array.from({ length }, (_, index) => (first + index) % 50);
const budgetOf = (signal?: AbortSignal) => new WorkBudget(MULTIPLY_ADDS_PER_TURN, signal, new IsolateWork());
const start = (model: LanguageModel, changes: Partial<CompletionRequest>, signal?: AbortSignal) =>
  complete(model, [completionRequest(changes)], budgetOf(signal));
const idsOf = (events: readonly CompletionEvent[]) =>
  events.flatMap((event) => (event.type === 'piece' ? event.tokens.map(({ id }) => id) : []));
const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

/** A model whose cache has a number of blocks of 4 positions each. A token takes `perTurn`-th of a turn. */
const modelWith = (
  totalBlocks: number,
  { perTurn = 1e6, contextWindow = 64, ...options }: { perTurn?: number; contextWindow?: number } & SchedulerOptions = {},
) =>
  pastModel(
    { multiplyAddsPerToken: MULTIPLY_ADDS_PER_TURN / perTurn },
    { blockPositions: 4, totalBlocks, contextWindow, speculates: false, ...options },
  );

describe('a batch', () => {
  it('should have the next token of everybody', async () => {
    const model = modelWith(100);
    const readers = await Promise.all([0, 10, 20].map((first) => start(model, { prompt: promptOf(first), maxTokens: 6 })));
    await Promise.all(readers.map(collect));
    // Whoever came first has read the prompts of all.
    expect(model.decoder.batches.map((feeds) => feeds.map(({ length }) => length))).toEqual([[5, 5, 5], ...Array(5).fill([1, 1, 1])]);
  });

  it('should go on with texts while a long prompt is read, and read a short one before its end', async () => {
    const model = modelWith(200, { perTurn: 80, contextWindow: 400 });
    const text = await start(model, { prompt: promptOf(0), maxTokens: 100 });
    await text.next();
    const long = await start(model, { prompt: promptOf(7, 300), maxTokens: 1 });
    const short = await start(model, { prompt: promptOf(20, 6), maxTokens: 1 });
    await collect(short);
    const begun = model.decoder.batches.length;
    await Promise.all([collect(long), collect(text)]);
    const lengths = model.decoder.batches.map((feeds) => feeds.map(({ length }) => length));
    expect(begun).toBeLessThan(6);
    for (const feeds of lengths.slice(1, 10)) {
      expect(feeds[0]).toBe(1);
      expect(feeds.reduce((sum, length) => sum + length)).toBeLessThanOrEqual(80 / 4);
    }
  });

  it('should have one token at least of a request of many choices and of one of few', async () => {
    const model = modelWith(400, { perTurn: 40 });
    const many = await start(model, { choices: 30, maxTokens: 8 });
    await many.next();
    const few = await start(model, { prompt: promptOf(30), maxTokens: 8 });
    const before = model.decoder.batches.length;
    await collect(few);
    // Its prompt, its 8 tokens, and a tick in between in which it was not served, at most.
    expect(model.decoder.batches.length - before).toBeLessThan(20);
    await collect(many);
  });

  it('should serve all alike where its budget does not suffice for everybody', async () => {
    const model = modelWith(1000, { perTurn: 40 });
    const ends: number[] = [];
    const call = async (first: number) => {
      await collect(await start(model, { prompt: promptOf(first, 2), maxTokens: 30 }));
      ends.push(model.decoder.batches.length);
    };
    await Promise.all(Array.from({ length: 40 }, (_, first) => call(first)));
    expect(Math.max(...model.decoder.batches.map(({ length }) => length))).toBeLessThan(30);
    // They begin one after the other, in a few ticks.
    expect(Math.max(...ends) / Math.min(...ends)).toBeLessThan(1.4);
  });

  it('should end those with the error that it ends with', async () => {
    const model = modelWith(100);
    const readers = await Promise.all([0, 10].map((first) => start(model, { prompt: promptOf(first) })));
    model.decoder.failure = new Error('the engine failed');
    for (const reader of readers) await expect(reader.next()).rejects.toThrow('the engine failed');
    model.decoder.failure = null;
    expect(model.scheduler.isBusy).toBe(false);
    expect(model.decoder.openSequences).toBe(0);
    expect(idsOf(await collect(await start(model, {}))).length).toBe(12);
  });
});

describe('the room', () => {
  it('should be taken from the youngest, who goes on with the same text, and never from the oldest', async () => {
    const model = modelWith(17);
    const changes = [0, 10, 20, 30].map((first) => ({ prompt: promptOf(first), maxTokens: 40 }));
    const readers = await Promise.all(changes.map((change) => start(model, change)));
    const answers = await Promise.all(readers.map(collect));
    for (const [index, answer] of answers.entries()) {
      expect(answer.at(-1)).toMatchObject({ finishReason: 'length', completionTokens: 40 });
      expect(idsOf(answer)).toEqual(idsOf(await collect(await start(modelWith(17), changes[index]))));
    }
    const feedsOf = (first: number) => model.decoder.calls.filter((tokens) => tokens.length > 1 && tokens[0] === first).length;
    expect(feedsOf(0)).toBe(1);
    expect(feedsOf(30)).toBeGreaterThan(1);
    expect(model.decoder.openSequences).toBe(0);
  });

  it('should be shared so that each of many ends, the oldest first', async () => {
    const model = modelWith(17);
    const ended: number[] = [];
    const call = async (caller: number) => {
      await collect(await start(model, { prompt: promptOf(caller, 12), maxTokens: 30 }));
      ended.push(caller);
    };
    await Promise.all(Array.from({ length: 20 }, (_, caller) => call(caller)));
    // Whoever is younger may end at the same time, and with less to do before, but not by much.
    for (const [place, caller] of ended.entries()) expect(Math.abs(place - caller)).toBeLessThan(4);
  });

  it('should be waited for in a queue that is bounded', async () => {
    const model = modelWith(17, { queueLimit: 2 });
    const long = await start(model, { prompt: promptOf(0, 40), maxTokens: 20 });
    const waiting = [1, 2].map(() => start(model, { prompt: promptOf(0, 40), maxTokens: 20 }));
    await expect(start(model, { prompt: promptOf(0, 40) })).rejects.toMatchObject({
      code: 'overloaded',
      message: expect.stringContaining('2 requests wait already'),
      retryAfterSeconds: 1,
    });
    expect(model.decoder.calls).toEqual([]);
    await collect(long);
    for (const reader of waiting) expect(idsOf(await collect(await reader)).length).toBe(20);
  });

  it('should be waited for only so long, before anything is computed', async () => {
    const model = modelWith(17, { queueSeconds: 0.02 });
    const long = await start(model, { prompt: promptOf(0, 40), maxTokens: 20 });
    await expect(start(model, { prompt: promptOf(1, 40) })).rejects.toMatchObject({ code: 'overloaded', retryAfterSeconds: 1 });
    expect(model.decoder.calls.filter(([first]) => first === 1)).toEqual([]);
    await collect(long);
    expect(model.scheduler.isBusy).toBe(false);
  });
});

describe('a reader', () => {
  it('should find no more waiting than the cap, and then the rest', async () => {
    const model = modelWith(200, { contextWindow: 400 });
    const idle = await start(model, { maxTokens: 300 });
    await collect(await start(model, { prompt: promptOf(9), maxTokens: 200 }));
    expect(model.decoder.calls.filter((tokens) => tokens.length === 1).length).toBe(199 + MAX_UNREAD_TOKENS - 1);
    const { value } = await idle.next();
    expect(value).toMatchObject({ completionTokens: MAX_UNREAD_TOKENS });
    expect(idsOf([value!, ...(await collect(idle))]).length).toBe(300);
  });

  it('should lose its room to others while it does not read, even if it is the oldest', async () => {
    const model = modelWith(40, { contextWindow: 120 });
    const idle = await start(model, { maxTokens: 100 });
    const other = await start(model, { prompt: promptOf(9), maxTokens: 110 });
    await collect(other);
    expect(idsOf(await collect(await start(model, { prompt: promptOf(9), maxTokens: 110 }))).length).toBe(110);
    expect(idsOf(await collect(idle))).toEqual(
      idsOf(await collect(await start(modelWith(40, { contextWindow: 120 }), { maxTokens: 100 }))),
    );
  });

  it('should end its job when it leaves', async () => {
    const model = modelWith(100);
    for await (const _ of await start(model, { choices: 2 })) break;
    expect(model.decoder.openSequences).toBe(0);
    expect(model.scheduler.isBusy).toBe(false);
  });

  it.each([0, 1])('should lose its job with its request, in the middle of the prompt or of a choice (%d)', async (events) => {
    const model = modelWith(100, { perTurn: 40 });
    const controller = new AbortController();
    const reader = await start(model, { prompt: promptOf(0, 30), choices: 2 }, controller.signal);
    for (let event = 0; event < events; event++) await reader.next();
    const next = reader.next();
    controller.abort(new Error('gone'));
    await expect(next).rejects.toThrow('gone');
    const { length } = model.decoder.batches;
    expect(model.decoder.openSequences).toBe(0);
    await turn();
    expect(model.decoder.batches.length).toBe(length);
  });

  it('should lose its place in the queue with its request', async () => {
    const model = modelWith(17);
    const long = await start(model, { prompt: promptOf(0, 40), maxTokens: 20 });
    const controller = new AbortController();
    const waiting = start(model, { prompt: promptOf(0, 40) }, controller.signal);
    await turn();
    controller.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    await long.return!();
    expect(model.scheduler.isBusy).toBe(false);
  });

  it('should lose its job when it is dropped', async () => {
    const model = modelWith(100);
    await start(model, { choices: 2, maxTokens: 40 }).then((reader) => reader.next());
    expect(model.scheduler.isBusy).toBe(true);
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    for (let wait = 0; wait < 100 && model.scheduler.isBusy; wait++) {
      collectGarbage();
      await turn();
    }
    expect(model.scheduler.isBusy).toBe(false);
  });

  it('should not be needed for others to go on', async () => {
    const model = modelWith(17);
    // It has all the room, and never reads.
    await start(model, { prompt: promptOf(0, 40), maxTokens: 20 });
    expect(idsOf(await collect(await start(model, { prompt: promptOf(1, 40), maxTokens: 20 }))).length).toBe(20);
  });
});

it('should not wait for a tick whose request does not go on', async () => {
  const model = pastModel();
  const forward = model.decoder.forwardBatch.bind(model.decoder);
  const lost = budgetOf();
  void complete(model, [completionRequest()], lost).then((reader) => {
    model.decoder.forwardBatch = () => new Promise(() => {});
    return reader.next();
  });
  await new Promise((resolve) => setTimeout(resolve, 5));
  model.decoder.forwardBatch = forward;
  lost.abandon();
  const events = await collect(await complete(model, [completionRequest({ maxTokens: 3 })], budgetOf()));
  expect(events.at(-1)).toMatchObject({ completionTokens: 3 });
  expect(model.decoder.openSequences).toBe(0);
});
