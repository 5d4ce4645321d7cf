import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import OpenAI, { type APIError, NotFoundError } from 'openai';
import { beforeAll, describe, expect, it } from 'vitest';
import type { WireResponse } from '../../../src/api/openai/schemas/response-schema.ts';
import { appOver, type Body } from '../api/support.ts';
import { DEFAULT_MODEL, seedModel } from '../helpers.ts';
import { frontApp, reset, stub, withBudget } from './sliced.ts';
import { parsed, type StoredEvent } from './stored-events.ts';

beforeAll(() => seedModel(DEFAULT_MODEL));

const app = frontApp();
const alone = appOver(true);
const PATH = '/v1/responses';
const ask = (body: Body, asked = app) =>
  asked.request(`http://edge${PATH}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
const get = (path: string, headers: Record<string, string> = {}) => app.request(`http://edge${PATH}/${path}`, { headers });
const respond = async (body: Body) => (await (await ask(body)).json()) as WireResponse;
const read = async (id: string) => (await (await get(id)).json()) as WireResponse;

const client = new OpenAI({
  baseURL: 'http://edge/v1',
  apiKey: 'none',
  maxRetries: 0,
  fetch: async (url, init) => app.request(url as string, init as RequestInit),
});
type Create = OpenAI.Responses.ResponseCreateParamsNonStreaming;
const create = (body: Body) => client.responses.create({ model: 'tinystories-gpt2', ...body } as Create);

const WEATHER = {
  type: 'object',
  properties: { city: { enum: ['Rome', 'Oslo'] }, days: { type: 'integer', minimum: 1, maximum: 9 } },
  required: ['city', 'days'],
  additionalProperties: false,
};
const TOOL = { type: 'function', name: 'get_weather', parameters: WEATHER, strict: true };
const STORY = { input: 'Tell me a story about a cat.', max_output_tokens: 30, seed: 7 };
const CUSTOM_TOOL = { type: 'custom', name: 'run', format: { type: 'grammar', syntax: 'regex', definition: '[a-c]{3}' } };
const CALL = { input: 'How is the weather?', tools: [TOOL], tool_choice: 'required', max_output_tokens: 80, seed: 2 };
const LONG = { ...STORY, max_output_tokens: 200, logit_bias: { 0: -100 } };
const CASES: [string, Body][] = [
  ['a text', STORY],
  ['a text with scores', { ...STORY, max_output_tokens: 12, include: ['message.output_text.logprobs'], top_logprobs: 1 }],
  ['a call', CALL],
  ['a call of a custom tool', { ...CALL, tools: [CUSTOM_TOOL] }],
];

const OF_ONE_ANSWER = ['id', 'item_id', 'call_id', 'created_at', 'completed_at', 'cached_tokens', 'gpt_edge', 'store'];
/** What answers to the same request have in common. */
const comparable = (value: unknown) =>
  JSON.parse(JSON.stringify(value, (key, inner) => (OF_ONE_ANSWER.includes(key) ? undefined : inner))) as unknown;
const eventsOf = (events: readonly StoredEvent[]) => {
  expect(events.at(-1)!.data).toBe('[DONE]');
  return events.slice(0, -1).map(({ data }) => comparable(JSON.parse(data)));
};
const streamOf = async (body: Body) => parsed(await (await ask({ ...body, stream: true })).text());

/** The events of a stream that is read until there are so many, and then left. */
async function firstEvents(answer: Response, count: number): Promise<StoredEvent[]> {
  expect(answer.status).toBe(200);
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (parsed(text.slice(0, text.lastIndexOf('\n\n') + 2)).length < count) {
    const { value, done } = await reader.read();
    if (done) break;
    text += value;
  }
  await reader.cancel();
  return parsed(text.slice(0, text.lastIndexOf('\n\n') + 2)).slice(0, count);
}
const idOf = (events: readonly StoredEvent[]): string => JSON.parse(events[0].data).response.id;

describe.each(CASES)('a response that is made in an object: %s', (_, body) => {
  it('should be the same where slices end and the object is reset', async () => {
    await withBudget(30_000);
    const expected = eventsOf(await streamOf(body));
    await withBudget(10);
    expect(eventsOf(await streamOf(body))).toEqual(expected);
    await withBudget(30_000);
    const reader = (await ask({ ...body, stream: true })).body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      text += next.value;
      if (!text.includes('[DONE]')) await reset();
    }
    expect(eventsOf(parsed(text))).toEqual(expected);
    const numbers = parsed(text)
      .slice(0, -1)
      .map(({ data }) => JSON.parse(data).sequence_number);
    expect(numbers).toEqual(numbers.map((__, index) => index));
    expect(
      new Set(
        parsed(text)
          .slice(0, -1)
          .flatMap(({ data }) => JSON.parse(data).response?.id ?? []),
      ).size,
    ).toBe(1);
  });

  it('should be stored as it is answered, and be left after each event and gone on with', async () => {
    await withBudget(30_000);
    const plain = await respond(body);
    const stored = await respond({ ...body, store: true });
    expect(comparable(stored)).toEqual(comparable(plain));
    expect(stored).toMatchObject({ store: true, background: false, id: expect.stringMatching(/^resp_[0-9a-f]{32}\w+$/) });
    expect(await read(stored.id)).toEqual(stored);
    const whole = await streamOf({ ...body, store: true });
    const expected = eventsOf(whole);
    expect(whole.slice(0, -1).map(({ id }) => id)).toEqual(expected.map((__, index) => String(index)));
    for (let count = 1; count < whole.length; count += 3) {
      const first = await firstEvents(await ask({ ...body, stream: true, store: true }), count);
      const rest = await get(`${idOf(first)}?stream=true`, { 'last-event-id': first.at(-1)!.id });
      expect(eventsOf([...first, ...parsed(await rest.text())]), `left after ${count}`).toEqual(expected);
      const same = await get(`${idOf(first)}?stream=true&starting_after=${first.at(-1)!.id}`);
      expect(eventsOf([...first, ...parsed(await same.text())])).toEqual(expected);
    }
  });

  it('should go on after a reset behind each event, with the same ids', async () => {
    await withBudget(30_000);
    const expected = eventsOf(await streamOf({ ...body, store: true }));
    const reader = (await ask({ ...body, stream: true, store: true })).body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      text += next.value;
      if (!text.includes('[DONE]')) await reset();
    }
    const events = parsed(text);
    expect(eventsOf(events)).toEqual(expected);
    const last = JSON.parse(events.at(-2)!.data).response as WireResponse;
    const added = events
      .slice(0, -1)
      .map(({ data }) => JSON.parse(data))
      .filter(({ type }) => type === 'response.output_item.added');
    expect(added.map(({ item }) => [item.id, item.call_id])).toEqual(
      last.output.map((item) => [item.id, 'call_id' in item ? item.call_id : undefined]),
    );
    expect(await read(last.id)).toEqual(last);
  });
});

describe('a conversation that goes on with a stored response', () => {
  it('should be that of the whole input', async () => {
    await withBudget(30_000);
    const first = await create({ ...STORY, store: true });
    const second = await create({ ...STORY, input: 'And a dog?', previous_response_id: first.id, store: true });
    const input = [{ role: 'user', content: STORY.input }, ...first.output, { role: 'user', content: 'And a dog?' }];
    const same = await create({ ...STORY, input });
    expect(second.output_text).toBe(same.output_text);
    expect(second.usage!.input_tokens).toBe(same.usage!.input_tokens);
    expect(second.previous_response_id).toBe(first.id);
    // It depends on no other response.
    await client.responses.delete(first.id);
    const third = await create({ ...STORY, input: 'And a bird?', previous_response_id: second.id });
    const all = [...input, ...second.output, { role: 'user', content: 'And a bird?' }];
    expect(third.output_text).toBe((await create({ ...STORY, input: all })).output_text);
    await expect(create({ ...STORY, previous_response_id: first.id })).rejects.toBeInstanceOf(NotFoundError);
  });

  it.each([
    { type: 'function_call', tool: TOOL },
    { type: 'custom_tool_call', tool: CUSTOM_TOOL },
  ])('should take the output of a call, and items that are named by their ids: $type', async ({ type, tool }) => {
    await withBudget(30_000);
    const first = await create({ ...CALL, tools: [tool], store: true });
    const [call] = first.output as [OpenAI.Responses.ResponseFunctionToolCallItem | OpenAI.Responses.ResponseCustomToolCallItem];
    expect(call.type).toBe(type);
    const output = { type: `${type}_output`, call_id: call.call_id, output: 'Sunny.' };
    const next = { ...STORY, tools: [tool], tool_choice: 'none' };
    const second = await create({ ...next, input: [output], previous_response_id: first.id });
    const whole = await create({ ...next, input: [{ role: 'user', content: CALL.input }, call, output] });
    expect(second.output_text).toBe(whole.output_text);
    const input = [{ role: 'user', content: CALL.input }, { type: 'item_reference', id: call.id }, output];
    expect((await create({ ...next, input })).output_text).toBe(whole.output_text);
    for (const id of ['msg_1', `${call.id}1`, 'fc_0123456789abcdef0123456789abcdef_0'])
      await expect(create({ ...next, input: [{ type: 'item_reference', id }] })).rejects.toMatchObject({ status: 404, param: 'input' });
  });

  it('should list its items in pages', async () => {
    await withBudget(30_000);
    const first = await create({ ...STORY, store: true, max_output_tokens: 3 });
    const second = await create({ ...STORY, input: 'More?', previous_response_id: first.id, store: true, max_output_tokens: 3 });
    const texts: string[] = [];
    for await (const item of client.responses.inputItems.list(second.id, { limit: 2, order: 'asc' }))
      if (item.type === 'message') texts.push(item.content.map((part) => ('text' in part ? part.text : '')).join(''));
    expect(texts).toEqual([STORY.input, first.output_text, 'More?']);
    const latest = await client.responses.inputItems.list(second.id, { limit: 1 });
    expect(latest.data).toMatchObject([{ role: 'user', content: [{ type: 'input_text', text: 'More?' }] }]);
    expect(latest.has_more).toBe(true);
    const [{ id }] = latest.data;
    expect((await create({ ...STORY, input: [{ type: 'item_reference', id }] } as Body)).output_text).toBe(
      (await create({ ...STORY, input: 'More?' })).output_text,
    );
  });

  it('should be refused where it is too long, not complete, or another kind of answer', async () => {
    await withBudget(30_000);
    const { id } = await create({ ...STORY, store: true, max_output_tokens: 3 });
    const items = Array.from({ length: 2047 }, () => ({ role: 'user', content: 'a' }));
    const refusal = (body: Body) =>
      create(body).then(
        () => null,
        (error: unknown) => error as APIError,
      );
    expect(await refusal({ ...STORY, input: items, previous_response_id: id })).toMatchObject({
      status: 400,
      param: 'previous_response_id',
    });
    const running = await create({ ...LONG, background: true });
    expect(await refusal({ ...STORY, previous_response_id: running.id })).toMatchObject({ status: 400, param: 'previous_response_id' });
    await client.responses.cancel(running.id);
    const chat = await client.chat.completions.create({
      model: 'tinystories-gpt2',
      messages: [{ role: 'user', content: 'Hi' }],
      max_tokens: 2,
      store: true,
    });
    expect(await refusal({ ...STORY, previous_response_id: chat.id })).toMatchObject({ status: 404, param: 'previous_response_id' });
  });
});

describe('a response in the background', () => {
  const ended = (id: string) => expect.poll(async () => (await read(id)).status, { timeout: 30_000 }).toMatch(/completed|incomplete/);

  it('should be made although nobody waits for it, and be the same as any other', async () => {
    await withBudget(20);
    const begun = await create({ ...LONG, background: true });
    expect(begun).toMatchObject({ background: true, store: true, output: [] });
    expect(begun.status).toMatch(/queued|in_progress/);
    await ended(begun.id);
    const plain = await create(LONG);
    expect((await client.responses.retrieve(begun.id)).output_text).toBe(plain.output_text);
  });

  it('should be streamed, at once and later', async () => {
    await withBudget(30_000);
    const whole = await streamOf({ ...STORY, background: true });
    expect(whole.slice(0, 3).map(({ data }) => JSON.parse(data).type)).toEqual([
      'response.created',
      'response.queued',
      'response.in_progress',
    ]);
    const { id } = await create({ ...STORY, background: true });
    const stream = client.responses.stream({ response_id: id, starting_after: 4 } as never);
    const numbers: number[] = [];
    stream.on('event', ({ sequence_number }) => numbers.push(sequence_number));
    const last = await stream.finalResponse();
    expect(last.output_text).toBe((await create(STORY)).output_text);
    expect(numbers[0]).toBe(5);
    expect(numbers).toEqual(numbers.map((_, index) => index + 5));
    expect(eventsOf(parsed(await (await get(`${id}?stream=true`)).text()))).toEqual(eventsOf(whole));
  });

  it('should be one that can be cancelled, and leave its stream and its reader with what is there', async () => {
    await withBudget(30_000);
    const reader = (await ask({ ...LONG, background: true, stream: true })).body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes('output_text.delta')) text += (await reader.read()).value;
    const id = idOf(parsed(text.slice(0, text.indexOf('\n\n') + 2)));
    const cancelled = await client.responses.cancel(id);
    expect(cancelled.status).toBe('cancelled');
    for (let next = await reader.read(); !next.done; next = await reader.read()) text += next.value;
    const events = parsed(text);
    expect(events.at(-1)!.data).toBe('[DONE]');
    expect(JSON.parse(events.at(-2)!.data).response).toEqual(await read(id));
    expect(await client.responses.cancel(id)).toEqual(cancelled);
    const direct = await create({ ...STORY, store: true, max_output_tokens: 2 });
    await expect(client.responses.cancel(direct.id)).rejects.toMatchObject({ status: 400, param: 'id' });
  });

  it('should go on by the alarm after a reset, without anybody asking for it', async () => {
    await withBudget(20);
    const expected = await create(LONG);
    const { id } = await create({ ...LONG, background: true });
    await reset();
    await runDurableObjectAlarm(stub());
    const states = () =>
      runInDurableObject(stub(), (_, { storage }) => [
        ...storage.sql.exec<{ state: string }>('select state from session where id = ?', id),
      ]);
    await expect.poll(states, { timeout: 30_000 }).toEqual([{ state: 'ended' }]);
    expect((await client.responses.retrieve(id)).output_text).toBe(expected.output_text);
  });

  it('should fail if its object is reset again and again without anything new', async () => {
    await withBudget(30_000);
    const { id } = await create({ ...LONG, background: true });
    await reset();
    await runInDurableObject(stub(), (_, { storage }) => {
      storage.sql.exec("update session set resumptions = 5, state = 'running' where id = ?", id);
    });
    await runDurableObjectAlarm(stub());
    expect(await read(id)).toMatchObject({ status: 'failed', error: { code: 'engine_unavailable' } });
  });

  it('should be told at once what is wrong with it', async () => {
    await withBudget(30_000);
    await expect(create({ ...STORY, background: true, max_output_tokens: 600 })).rejects.toMatchObject({
      status: 400,
      param: 'max_output_tokens',
    });
    await expect(create({ ...STORY, background: true, store: false })).rejects.toMatchObject({ status: 400, param: 'background' });
  });
});

describe('stored responses', () => {
  it.each(['compact', 'input_tokens'])('should not be what OpenAI has at %s', async (name) => {
    const answer = await app.request(`http://edge${PATH}/${name}`, { method: 'POST' });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ error: { code: 'unknown_url' } });
  });

  it('should be deleted by whoever has them, also while they are made', async () => {
    await withBudget(30_000);
    const { id } = await create({ ...LONG, background: true });
    expect(await (await app.request(`http://edge${PATH}/${id}`, { method: 'DELETE' })).json()).toEqual({
      id,
      object: 'response',
      deleted: true,
    });
    await expect(client.responses.retrieve(id)).rejects.toBeInstanceOf(NotFoundError);
    expect(await runInDurableObject(stub(), (_, { storage }) => [...storage.sql.exec('select * from part where session = ?', id)])).toEqual(
      [],
    );
  });

  it('should leave nothing after the alarm', async () => {
    await withBudget(30_000);
    const first = await firstEvents(await ask({ ...STORY, stream: true, store: true }), 3);
    await expect.poll(async () => (await read(idOf(first))).status, { timeout: 20_000 }).toBe('incomplete');
    await runInDurableObject(stub(), (_, { storage }) => {
      storage.sql.exec("update session set expires = expires - 3601000, state = 'ended'");
    });
    expect(await runDurableObjectAlarm(stub())).toBe(true);
    expect((await get(idOf(first))).status).toBe(404);
    const rows = (table: string) => runInDurableObject(stub(), (_, { storage }) => [...storage.sql.exec(`select * from ${table}`)]);
    expect([await rows('session'), await rows('part')]).toEqual([[], []]);
  });

  it.each(['resp_1', 'resp_0123456789abcdef0123456789abcdefbG9jYWwvb3RoZXIvMA', 'resp_%FF'])(
    'should not be found by the id %s',
    async (id) => {
      const calls = [
        get(id),
        get(`${id}?stream=true`),
        get(`${id}/input_items`),
        app.request(`http://edge${PATH}/${id}`, { method: 'DELETE' }),
        app.request(`http://edge${PATH}/${id}/cancel`, { method: 'POST' }),
      ];
      for (const answer of await Promise.all(calls)) {
        expect(answer.status).toBe(404);
        expect(await answer.json()).toMatchObject({ error: { code: 'completion_not_found', param: 'id' } });
      }
    },
  );

  it.each([
    ['?stream=maybe', 'stream'],
    ['?stream=true&starting_after=-1', 'starting_after'],
    ['?starting_after=1', 'starting_after'],
    ['?include_obfuscation=true', 'include_obfuscation'],
    ['/input_items?limit=0', 'limit'],
    ['/input_items?order=up', 'order'],
    ['/input_items?after=msg_1', 'after'],
  ])('should refuse %s by name', async (query, param) => {
    const { id } = await create({ ...STORY, store: true, max_output_tokens: 2 });
    const answer = await get(`${id}${query}`);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { code: 'invalid_value', param } });
  });

  it.each([{ store: true }, { background: true }, { previous_response_id: 'resp_1' }])(
    'should not be what the Worker by itself can make: %j',
    async (fields) => {
      const refused = await ask({ ...STORY, ...fields }, alone);
      expect(refused.status).toBe(400);
      expect(await refused.json()).toMatchObject({ error: { code: 'unsupported_parameter', param: Object.keys(fields)[0] } });
    },
  );
});
