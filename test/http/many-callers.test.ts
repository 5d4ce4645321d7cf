import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalWorker } from '../../src/local/local-worker.ts';
import { SeededRandom } from '../generation/seeded-random.ts';
import { serveDefaultModel } from './serve-default-model.ts';

const CALLERS = 32;
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
});
