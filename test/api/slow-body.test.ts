import { Hono } from 'hono';
import { afterEach, expect, it, vi } from 'vitest';
import { jsonBody } from '../../src/api/http/json-body.ts';
import { GptEdgeError } from '../../src/core/errors.ts';

afterEach(() => void vi.useRealTimers());

/** Answers with the code of the error that the middleware throws. */
const app = new Hono()
  .post('/', jsonBody, async (c) => c.json(await c.req.json()))
  .onError((error, c) => c.text(error instanceof GptEdgeError ? error.code : String(error)));

const send = (body: ReadableStream<Uint8Array>) =>
  app.request('/', { method: 'POST', headers: { 'content-type': 'application/json' }, body, duplex: 'half' } as RequestInit);

it('should stop waiting for a body that comes byte by byte', async () => {
  vi.useFakeTimers();
  let isCancelled = false;
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      sent++;
      controller.enqueue(new TextEncoder().encode(' '));
    },
    cancel() {
      isCancelled = true;
    },
  });
  const answer = send(body);
  await vi.advanceTimersByTimeAsync(31_000);
  expect(await (await answer).text()).toBe('timeout');
  expect(isCancelled).toBe(true);
  expect(sent).toBeLessThan(35);
});

it('should stop reading a body that is too large, whatever it announces', async () => {
  let pulls = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulls++;
      controller.enqueue(new Uint8Array(2 ** 16).fill(32));
    },
  });
  expect(await (await send(body)).text()).toBe('request_too_large');
  expect(pulls).toBeLessThan(25);
});

it('should take a body in pieces', async () => {
  const parts = ['{"a"', ':', '[1,2]}'].map((text) => new TextEncoder().encode(text));
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => (parts.length > 0 ? controller.enqueue(parts.shift()!) : controller.close()),
  });
  expect(await (await send(body)).json()).toEqual({ a: [1, 2] });
});
