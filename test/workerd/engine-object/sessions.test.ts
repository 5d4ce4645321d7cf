import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ChatCompletion } from '../../../src/api/openai/schemas/chat-schema.ts';
import type { Completion } from '../../../src/api/openai/schemas/completion-schema.ts';
import { appOver, type Body } from '../api/support.ts';
import { DEFAULT_MODEL, seedModel } from '../helpers.ts';
import { frontApp, reset, stub, withBudget } from './sliced.ts';
import { parsed, type StoredEvent } from './stored-events.ts';

beforeAll(() => seedModel(DEFAULT_MODEL));

const app = frontApp();
const alone = appOver(true);
const ask = (path: string, body: Body, asked = app) =>
  asked.request(`http://edge${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
const get = (path: string, headers: Record<string, string> = {}) => app.request(`http://edge${path}`, { headers });

const LONG = { prompt: 'Once upon a time', seed: 2, logit_bias: { 0: -100 } };
const messages = [{ role: 'user', content: 'Tell me a story about a dragon.' }];
const CASES: [string, string, Body][] = [
  ['a text', '/v1/completions', { ...LONG, max_tokens: 40 }],
  [
    'choices with an echo',
    '/v1/completions',
    { prompt: ['Once', 'The dog'], n: 2, seed: 5, max_tokens: 12, echo: true, logprobs: 1, stop: [' and'] },
  ],
  ['a chat', '/v1/chat/completions', { messages, seed: 3, max_tokens: 30, n: 2, logprobs: true, top_logprobs: 1 }],
];

/** What the events of a stream say of each choice. */
function textsOf(events: readonly StoredEvent[]) {
  expect(events.at(-1)!.data).toBe('[DONE]');
  const choices: Record<number, unknown[]> = {};
  for (const { data } of events.slice(0, -1))
    for (const { index, ...choice } of JSON.parse(data).choices) {
      choices[index] ??= [];
      choices[index].push(choice);
    }
  return choices;
}

/** The events of a stream that is read until there are so many, and then left. */
async function firstEvents(answer: Response, count: number): Promise<StoredEvent[]> {
  expect(answer.status).toBe(200);
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (parsed(text).length < count) {
    const { value, done } = await reader.read();
    if (done) break;
    text += value;
  }
  await reader.cancel();
  return parsed(text.slice(0, text.lastIndexOf('\n\n') + 2)).slice(0, count);
}

const idOf = (events: readonly StoredEvent[]): string => JSON.parse(events[0].data).id;
const isStored = () => runInDurableObject(stub(), (_, { storage }) => [...storage.sql.exec('select id from session')].length);

describe.each(CASES)('a stored answer: %s', (_, path, body) => {
  it('should be one that can be left after each event, and gone on with behind it', async () => {
    await withBudget(30_000);
    const whole = parsed(await (await ask(path, { ...body, stream: true, store: true })).text());
    const expected = textsOf(whole);
    for (let count = 1; count < whole.length; count += 3) {
      const first = await firstEvents(await ask(path, { ...body, stream: true, store: true }), count);
      const rest = await get(`${path}/${idOf(first)}/stream`, { 'last-event-id': first.at(-1)!.id });
      expect(textsOf([...first, ...parsed(await rest.text())]), `left after ${count}`).toEqual(expected);
    }
  });

  it('should have the text of one that is not stored', async () => {
    await withBudget(10);
    const answer = (await (await ask(path, { ...body, store: true })).json()) as Completion;
    const expected = (await (await ask(path, body, alone)).json()) as Completion;
    expect(answer.choices).toEqual(expected.choices);
    const state = (await (await get(`${path}/${answer.id}`)).json()) as Completion & ChatCompletion;
    expect(state).toMatchObject({ id: answer.id, choices: expected.choices, gpt_edge: { status: 'completed' } });
  });

  it('should go on after a reset, behind each event', async () => {
    await withBudget(30_000);
    const expected = textsOf(parsed(await (await ask(path, { ...body, stream: true, store: true })).text()));
    const answer = await ask(path, { ...body, stream: true, store: true });
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      text += read.value;
      if (!text.includes('[DONE]')) await reset();
    }
    expect(textsOf(parsed(text))).toEqual(expected);
  });
});

describe('a stored answer', () => {
  const BODY = { ...LONG, max_tokens: 120, stream: true, store: true };

  it('should be made to its end in slices although its client has left', async () => {
    await withBudget(20);
    const first = await firstEvents(await ask('/v1/completions', BODY), 3);
    const id = idOf(first);
    await expect
      .poll(async () => ((await (await get(`/v1/completions/${id}`)).json()) as { gpt_edge: { status: string } }).gpt_edge.status, {
        timeout: 20_000,
      })
      .toBe('completed');
    const answer = (await (await get(`/v1/completions/${id}`)).json()) as Completion;
    expect(answer.choices[0].finish_reason).toBe('length');
  });

  it('should go on from what was written when nobody was there', async () => {
    await withBudget(30);
    const whole = parsed(await (await ask('/v1/completions', BODY)).text());
    const first = await firstEvents(await ask('/v1/completions', BODY), 20);
    await reset();
    await withBudget(30_000);
    const rest = await get(`/v1/completions/${idOf(first)}/stream`, { 'last-event-id': first.at(-1)!.id });
    expect(textsOf([...first, ...parsed(await rest.text())])).toEqual(textsOf(whole));
  });

  it('should be deleted by the alarm, and leave nothing', async () => {
    await withBudget(30_000);
    const first = await firstEvents(await ask('/v1/completions', BODY), 3);
    const statusOf = async () =>
      ((await (await get(`/v1/completions/${idOf(first)}`)).json()) as { gpt_edge: { status: string } }).gpt_edge.status;
    await expect.poll(statusOf, { timeout: 20_000 }).toBe('completed');
    expect(await isStored()).toBeGreaterThan(0);
    // Nothing has expired yet, and so the alarm leaves it as it is.
    expect(await runDurableObjectAlarm(stub())).toBe(true);
    expect((await get(`/v1/completions/${idOf(first)}`)).status).toBe(200);
    await runInDurableObject(stub(), (_, { storage }) => {
      storage.sql.exec('update session set expires = expires - 3601000');
    });
    expect(await runDurableObjectAlarm(stub())).toBe(true);
    expect(await isStored()).toBe(0);
    expect(await runInDurableObject(stub(), (_, { storage }) => [...storage.sql.exec('select * from part')])).toEqual([]);
    expect((await get(`/v1/completions/${idOf(first)}`)).status).toBe(404);
  });

  it.each(['/v1/completions', '/v1/chat/completions'])('should be deleted by whoever has it, also while it is made: %s', async (path) => {
    await withBudget(30_000);
    const asked = path === '/v1/completions' ? BODY : { messages, max_tokens: 120, stream: true, store: true };
    const id = idOf(await firstEvents(await ask(path, asked), 2));
    const answer = await app.request(`http://edge${path}/${id}`, { method: 'DELETE' });
    expect(await answer.json()).toEqual({ id, object: expect.stringMatching(/completion\.deleted$/), deleted: true });
    expect((await get(`${path}/${id}`)).status).toBe(404);
    expect((await app.request(`http://edge${path}/${id}`, { method: 'DELETE' })).status).toBe(404);
  });

  it('should be what the list of models promises where objects make answers', async () => {
    const promised = async (asked: typeof app) =>
      ((await (await asked.request('http://edge/v1/models')).json()) as { stores_answers: boolean }).stores_answers;
    expect([await promised(app), await promised(alone)]).toEqual([true, false]);
  });

  it.each([
    'cmpl-1',
    'cmpl-0123456789abcdef0123456789abcdefbG9jYWwvb3RoZXIvMA',
    'chatcmpl-%FF',
    `cmpl-0123456789abcdef0123456789abcdef${btoa('local/tinystories-gpt2/0').replaceAll('=', '')}`,
  ])('should not be found by the id %s', async (id) => {
    for (const path of [`/v1/completions/${id}`, `/v1/completions/${id}/stream`, `/v1/chat/completions/${id}`]) {
      const answer = await get(path);
      expect(answer.status).toBe(404);
      expect(await answer.json()).toMatchObject({ error: { code: 'completion_not_found', param: 'id' } });
    }
  });

  it('should refuse a Last-Event-ID that is none', async () => {
    const first = await firstEvents(await ask('/v1/completions', { ...BODY, max_tokens: 2 }), 1);
    const answer = await get(`/v1/completions/${idOf(first)}/stream`, { 'last-event-id': 'x' });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { code: 'invalid_value', param: 'Last-Event-ID' } });
  });

  it('should not be what the Worker by itself can make', async () => {
    const refused = await ask('/v1/completions', { ...BODY }, alone);
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ error: { code: 'unsupported_parameter', param: 'store' } });
    for (const store of [false, null])
      expect((await ask('/v1/completions', { ...BODY, stream: false, max_tokens: 1, store }, alone)).status).toBe(200);
  });
});
