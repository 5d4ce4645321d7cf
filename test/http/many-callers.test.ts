import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalWorker } from '../../src/local/local-worker.ts';
import { SeededRandom } from '../generation/seeded-random.ts';
import { LONG_RUN } from '../long-run.ts';
import { serveDefaultModel } from './serve-default-model.ts';
import { HAS_CPU_TIME, residentBytes, workerdPid } from './workerd-process.ts';

const CALLERS = 32;
/** Callers of the minute, and of the soak. */
const BUSY_CALLERS = 64;
const SOAK_CALLERS = 16;
const SOAK_REQUESTS = 2000;
/** V8 collects garbage when it likes: a leak of 20 kB a request would be more. */
const MOST_GROWTH = 30e6;
const JSON_TYPE = { 'content-type': 'application/json' };

interface Body {
  prompt: string;
  max_tokens: number;
  seed: number;
  n: number;
  stream: boolean;
}

describe('many callers of one Worker', () => {
  let worker: LocalWorker;
  beforeAll(async () => {
    worker = await serveDefaultModel({ QUEUE_LIMIT: '8' });
  }, 300_000);
  afterAll(() => worker?.stop());

  const post = (body: Body) =>
    fetch(new URL('/v1/completions', worker.url), { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(body) });

  /** The text of each choice. */
  async function read(answer: Response, { n, stream }: Body): Promise<string[]> {
    const texts = new Array<string>(n).fill('');
    if (!stream) {
      const { choices } = (await answer.json()) as { choices: { index: number; text: string }[] };
      for (const { index, text } of choices) texts[index] = text;
      return texts;
    }
    const events = (await answer.text()).split('\n\n').filter((line) => line !== '');
    expect(events.pop()).toBe('data: [DONE]');
    for (const event of events) for (const { index, text } of JSON.parse(event.slice(6)).choices) texts[index] += text;
    return texts;
  }

  /** Calls until there is room, as a refused client is told to. */
  async function untilAnswered(body: Body): Promise<string[]> {
    for (;;) {
      const answer = await post(body);
      if (answer.status === 200) return read(answer, body);
      expect(answer.status).toBe(503);
      const seconds = Number(answer.headers.get('retry-after'));
      expect(seconds).toBeGreaterThan(0);
      expect(await answer.json()).toMatchObject({ error: { code: 'overloaded' } });
      await wait(seconds * 100);
    }
  }

  /** Opens a stream that nobody reads. */
  function neverRead(body: Body): Socket {
    const text = JSON.stringify({ ...body, stream: true });
    const socket = connect(Number(worker.url.port), worker.url.hostname).on('error', () => {});
    socket.pause();
    socket.write(
      `POST /v1/completions HTTP/1.1\r\nhost: edge\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`,
    );
    return socket;
  }

  const randomBody = (random: SeededRandom): Body => ({
    prompt: random.pick(['Once upon a time', 'Tom and his dog went to the park. '.repeat(1 + random.integer(12)), 'The sun']),
    max_tokens: 20 + random.integer(100),
    seed: random.integer(1e6),
    n: random.pick([1, 1, 1, 3]),
    stream: random.next() < 0.5,
  });

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
    const texts = await Promise.all(bodies.map(untilAnswered));
    await Promise.all(leaving);
    for (const socket of idle) socket.destroy();
    for (const [index, body] of bodies.entries()) expect(texts[index], JSON.stringify(body)).toEqual(await untilAnswered(body));
  }, 300_000);

  /** Requests of which each is made often, so that there are not too many lone calls to compare with. */
  const makeBodies = (random: SeededRandom) => random.list(100, () => randomBody(random));

  async function expectLoneTexts(answers: ReadonlyMap<Body, string[][]>): Promise<void> {
    for (const [body, all] of answers) {
      const alone = await untilAnswered(body);
      for (const texts of all) expect(texts, JSON.stringify(body)).toEqual(alone);
    }
  }

  it.runIf(LONG_RUN)('should do so for a minute of 64 callers', { timeout: 600_000 }, async () => {
    const random = new SeededRandom(64);
    const bodies = makeBodies(random);
    const answers = new Map<Body, string[][]>(bodies.map((body) => [body, []]));
    const end = Date.now() + 60_000;
    const call = async (manner: number) => {
      while (Date.now() < end) {
        const body = random.pick(bodies);
        if (manner >= 0.15) answers.get(body)!.push(await untilAnswered(body));
        else {
          // One in ten leaves, and one in twenty never reads.
          const socket = neverRead({ ...body, max_tokens: 400 });
          if (manner < 0.1) socket.resume();
          await wait(manner < 0.1 ? 200 + random.integer(500) : 5000);
          socket.destroy();
        }
      }
    };
    await Promise.all(Array.from({ length: BUSY_CALLERS }, (_, caller) => call(caller / BUSY_CALLERS)));
    expect([...answers.values()].flat().length).toBeGreaterThan(BUSY_CALLERS);
    await expectLoneTexts(answers);
  });

  it.runIf(LONG_RUN && HAS_CPU_TIME)('should hold no more memory after 2,000 requests', { timeout: 1_800_000 }, async () => {
    const pid = (await workerdPid())!;
    const random = new SeededRandom(2000);
    const bodies = makeBodies(random);
    const answers = new Map<Body, string[][]>(bodies.map((body) => [body, []]));
    const soak = async (requests: number) => {
      let left = requests;
      const caller = async () => {
        while (left-- > 0) {
          const body = random.pick(bodies);
          answers.get(body)!.push(await untilAnswered(body));
        }
      };
      await Promise.all(Array.from({ length: SOAK_CALLERS }, caller));
      return residentBytes(pid);
    };
    const warm = await soak(SOAK_REQUESTS / 4);
    const end = await soak((SOAK_REQUESTS * 3) / 4);
    console.log(`workerd holds ${(warm / 1e6).toFixed(0)} MB after ${SOAK_REQUESTS / 4} requests, ${(end / 1e6).toFixed(0)} MB at the end`);
    expect(end - warm).toBeLessThan(MOST_GROWTH);
    await expectLoneTexts(answers);
  });
});
