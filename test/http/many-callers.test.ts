import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalWorker } from '../../src/local/local-worker.ts';
import { SeededRandom } from '../generation/seeded-random.ts';
import { LONG_RUN } from '../long-run.ts';
import { type CompletionBody, CompletionCaller, randomBody } from './completion-caller.ts';
import { serveDefaultModel } from './serve-default-model.ts';

const CALLERS = 32;
/** Callers of the minute. */
const BUSY_CALLERS = 64;

describe('many callers of one Worker', () => {
  let worker: LocalWorker;
  let caller: CompletionCaller;
  beforeAll(async () => {
    worker = await serveDefaultModel({ QUEUE_LIMIT: '8' });
    caller = new CompletionCaller(worker.url);
  }, 300_000);
  afterAll(() => worker?.stop());

  /** Opens a stream that nobody reads. */
  function neverRead(body: CompletionBody): Socket {
    const text = JSON.stringify({ ...body, stream: true });
    const socket = connect(Number(worker.url.port), worker.url.hostname).on('error', () => {});
    socket.pause();
    socket.write(
      `POST /v1/completions HTTP/1.1\r\nhost: edge\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`,
    );
    return socket;
  }

  it('should give everybody who stays the text of a lone call, whoever leaves or never reads', async () => {
    const random = new SeededRandom(21);
    const bodies = random.list(CALLERS, () => randomBody(random));
    const idle = random.list(3, () => neverRead({ ...randomBody(random), max_tokens: 400, n: 4 }));
    const leaving = bodies.slice(0, 4).map(async (body) => {
      const socket = neverRead({ ...body, max_tokens: 450 });
      socket.resume();
      await wait(200 + random.integer(500));
      socket.resetAndDestroy();
    });
    const texts = await Promise.all(bodies.map((body) => caller.untilAnswered(body)));
    await Promise.all(leaving);
    for (const socket of idle) socket.destroy();
    for (const [index, body] of bodies.entries()) expect(texts[index], JSON.stringify(body)).toEqual(await caller.untilAnswered(body));
  }, 300_000);

  it.runIf(LONG_RUN)('should do so for a minute of 64 callers', { timeout: 600_000 }, async () => {
    const random = new SeededRandom(64);
    // Each is asked often, so that there are not too many lone calls to compare with.
    const bodies = random.list(100, () => randomBody(random));
    const end = Date.now() + 60_000;
    const call = async (manner: number) => {
      while (Date.now() < end) {
        const body = random.pick(bodies);
        if (manner >= 0.15) await caller.callAmongOthers(body);
        else {
          // One in ten leaves, and one in twenty never reads.
          const socket = neverRead({ ...body, max_tokens: 400 });
          if (manner < 0.1) socket.resume();
          await wait(manner < 0.1 ? 200 + random.integer(500) : 5000);
          socket.destroy();
        }
      }
    };
    await Promise.all(Array.from({ length: BUSY_CALLERS }, (_, index) => call(index / BUSY_CALLERS)));
    expect(caller.answerCount).toBeGreaterThan(BUSY_CALLERS);
    await caller.expectLoneTexts();
  });
});
