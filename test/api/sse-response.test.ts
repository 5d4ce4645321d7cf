import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { OPEN_GRANT } from '../../src/access/grant.ts';
import { sseResponse } from '../../src/api/http/sse-response.ts';
import { RequestRecord } from '../../src/api/request-log/request-record.ts';
import { IsolateWork, WorkBudget } from '../../src/generation/work-budget.ts';

const TURN = 1000;

/** Streams what `make` yields, and returns the pieces as they were written, each with the numbers of its events. */
async function written(make: (budget: WorkBudget) => AsyncGenerator<object>): Promise<(number | string)[][]> {
  const signal = new AbortController().signal;
  const budget = new WorkBudget(TURN, signal, new IsolateWork());
  const pieces: (number | string)[][] = [];
  const decoder = new TextDecoder();
  for await (const bytes of sseResponse(make(budget), { signal, budget, record: new RequestRecord(Promise.resolve()), grant: OPEN_GRANT })
    .body!)
    pieces.push(decoder.decode(bytes).split('\n\n').slice(0, -1).map(numberOf));
  return pieces;
}

const numberOf = (line: string): number | string => {
  const data = line.slice('data: '.length);
  return data === '[DONE]' ? data : JSON.parse(data).number;
};

/** Makes events each of which takes so much of a turn. */
const eventsOf = (count: number, turns: number) =>
  async function* (budget: WorkBudget) {
    for (let number = 0; number < count; number++) {
      await budget.spendTurns(turns);
      yield { number };
    }
  };

describe('sseResponse', () => {
  it('should send the first event at once, and then more and more of them together', async () => {
    expect(await written(eventsOf(20, 1 / 64))).toEqual([
      [0],
      [1],
      [2],
      [3, 4],
      [5, 6, 7, 8],
      [9, 10, 11, 12, 13, 14, 15, 16],
      [17, 18, 19, '[DONE]'],
    ]);
  });

  it('should send each event by itself if it takes long', async () => {
    expect(await written(eventsOf(4, 1 / 8))).toEqual([[0], [1], [2], [3], ['[DONE]']]);
  });

  it('should send all parts of the first token at once', async () => {
    async function* parts() {
      yield { number: 0 };
      yield { number: 1 };
      yield* eventsOf(1, 1 / 64)(new WorkBudget(TURN));
    }
    expect((await written(parts)).slice(0, 2)).toEqual([[0], [1]]);
  });

  it('should send what is ready, once and in order, when the event loop is visited before the next event', async () => {
    async function* slow(budget: WorkBudget) {
      for (let number = 0; number < 8; number++) {
        await budget.spendTurns(1 / 64);
        if (number > 5) await wait(20);
        yield { number };
      }
    }
    const pieces = await written(slow);
    expect(pieces.flat()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, '[DONE]']);
    expect(pieces).toContainEqual([5]);
  });

  it('should stop the generator when the reader leaves', async () => {
    const signal = new AbortController().signal;
    const budget = new WorkBudget(TURN, signal, new IsolateWork());
    let isEnded = false;
    async function* endless() {
      try {
        for (let number = 0; ; number++) {
          await wait(1);
          yield { number };
        }
      } finally {
        isEnded = true;
      }
    }
    const reader = sseResponse(endless(), {
      signal,
      budget,
      record: new RequestRecord(Promise.resolve()),
      grant: OPEN_GRANT,
    }).body!.getReader();
    await reader.read();
    await reader.cancel();
    expect(isEnded).toBe(true);
  });
});
