import type OpenAI from 'openai';
import { BadRequestError } from 'openai';
import { beforeAll, describe, expect, it } from 'vitest';
import type { WireResponse } from '../../../src/api/openai/schemas/response-schema.ts';
import { ask, DEFAULT_MODEL, post, seedModel } from '../helpers.ts';
import { type Body, chat, client } from './support.ts';

beforeAll(() => seedModel(DEFAULT_MODEL));

const RESPONSES = '/v1/responses';
const respond = (body: Body) => ask<WireResponse>(RESPONSES, body);
const model = 'tinystories-gpt2';

const WEATHER = {
  type: 'object',
  properties: { city: { enum: ['Rome', 'Oslo'] }, days: { type: 'integer', minimum: 1, maximum: 9 } },
  required: ['city', 'days'],
  additionalProperties: false,
};
const TOOL = { type: 'function' as const, name: 'get_weather', description: 'The weather.', parameters: WEATHER, strict: true };
const story = { input: 'Tell me a story about a cat.', max_output_tokens: 20, seed: 7 };
const call = {
  input: 'How is the weather?',
  tools: [TOOL],
  tool_choice: 'required',
  parallel_tool_calls: false,
  max_output_tokens: 120,
  seed: 2,
};

type Event = { type: string; sequence_number: number; [field: string]: unknown };

async function eventsOf(body: Body): Promise<Event[]> {
  const answer = await post(RESPONSES, { ...body, stream: true });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/);
  const blocks = (await answer.text()).split('\n\n');
  expect(blocks.splice(-2)).toEqual(['data: [DONE]', '']);
  const parsed = blocks.map((block) => {
    const [, name, data] = /^event: (.*)\ndata: (.*)$/.exec(block)!;
    const event = JSON.parse(data) as Event;
    expect(event.type).toBe(name);
    return event;
  });
  expect(parsed.map(({ sequence_number }) => sequence_number)).toEqual(parsed.map((_, index) => index));
  return parsed;
}

/** A response without what is new each time. */
const comparable = (response: unknown) =>
  JSON.parse(
    JSON.stringify(response, (key, value) =>
      ['id', 'call_id', 'created_at', 'completed_at', 'cached_tokens', 'gpt_edge'].includes(key) ? 0 : value,
    ),
  );

describe('text', () => {
  it('should be that of the same chat', async () => {
    const response = await respond(story);
    const same = await chat({ messages: [{ role: 'user', content: story.input }], max_tokens: 20, seed: 7 });
    const [item] = response.output;
    expect(item).toMatchObject({ type: 'message', role: 'assistant', status: 'incomplete' });
    expect(item.type === 'message' && item.content).toEqual([
      { type: 'output_text', text: same.choices[0].message.content, annotations: [], logprobs: [] },
    ]);
    expect(response).toMatchObject({
      object: 'response',
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      error: null,
      store: false,
    });
    expect(response.usage).toMatchObject({
      input_tokens: same.usage.prompt_tokens,
      output_tokens: 20,
      total_tokens: same.usage.total_tokens,
    });
  });

  it('should be the same from items, with instructions as a system message', async () => {
    const text = async (body: Body) => JSON.stringify(comparable((await respond({ ...story, ...body })).output));
    const plain = await text({});
    for (const input of [
      [{ role: 'user', content: story.input }],
      [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: story.input }], id: 'msg_1', status: 'completed' }],
    ])
      expect(await text({ input })).toBe(plain);
    const instructed = await text({ instructions: 'Be kind.' });
    expect(instructed).not.toBe(plain);
    expect(
      await text({
        input: [
          { role: 'developer', content: 'Be kind.' },
          { role: 'user', content: story.input },
        ],
      }),
    ).toBe(instructed);
    const system = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: story.input },
    ];
    expect(await text({ instructions: 'Be kind.', input: system })).toBe(
      await text({ input: [{ role: 'system', content: 'Be kind.\n\nBe brief.' }, system[1]] }),
    );
  });

  it('should come in events of the order of OpenAI, which add up to the whole', async () => {
    const events = await eventsOf(story);
    const deltas = events.filter(({ type }) => type === 'response.output_text.delta');
    expect(events.filter((event) => !deltas.includes(event)).map(({ type }) => type)).toEqual([
      ...['response.created', 'response.in_progress', 'response.output_item.added', 'response.content_part.added'],
      ...['response.output_text.done', 'response.content_part.done', 'response.output_item.done', 'response.incomplete'],
    ]);
    expect(deltas.length).toBeGreaterThan(1);
    const whole = await respond(story);
    const last = events.at(-1)!.response as WireResponse;
    expect(comparable(last)).toEqual(comparable(whole));
    const [item] = last.output;
    expect(deltas.map(({ delta }) => delta).join('')).toBe(item.type === 'message' && item.content[0].text);
    for (const { item_id, output_index } of deltas) expect([item_id, output_index]).toEqual([item.id, 0]);
    const created = events[0].response as WireResponse;
    expect([created.status, created.output, created.usage, created.id]).toEqual(['in_progress', [], null, last.id]);
  });

  it('should be JSON of a schema if it is asked for', async () => {
    const text = { format: { type: 'json_schema', name: 'weather', schema: WEATHER, strict: true } };
    const { output, status, text: told } = await respond({ ...story, max_output_tokens: 100, text });
    expect(status).toBe('completed');
    const [item] = output;
    expect(Object.keys(JSON.parse(item.type === 'message' ? item.content[0].text : ''))).toEqual(['city', 'days']);
    expect(told).toMatchObject(text);
  });

  it('should have log-probabilities if they are included', async () => {
    const { output } = await respond({ ...story, include: ['message.output_text.logprobs'], top_logprobs: 2 });
    const [item] = output;
    const { logprobs, text } = item.type === 'message' ? item.content[0] : { logprobs: [], text: '' };
    expect(logprobs.map(({ token }) => token).join('')).toBe(text);
    expect(logprobs[0].top_logprobs).toHaveLength(2);
    const deltas = (await eventsOf({ ...story, include: ['message.output_text.logprobs'] })).filter(
      (event) => event.logprobs && event.delta,
    );
    expect(deltas.flatMap((event) => event.logprobs as object[])).toHaveLength(20);
  });
});

describe('calls of functions', () => {
  it('should be items, and come in events of their own', async () => {
    const whole = await respond(call);
    expect(whole.output.map(({ type, status }) => [type, status])).toEqual([['function_call', 'completed']]);
    const events = await eventsOf(call);
    const deltas = events.filter(({ type }) => type === 'response.function_call_arguments.delta');
    expect(events.filter((event) => !deltas.includes(event)).map(({ type }) => type)).toEqual([
      ...['response.created', 'response.in_progress', 'response.output_item.added', 'response.function_call_arguments.done'],
      ...['response.output_item.done', 'response.completed'],
    ]);
    const [item] = (events.at(-1)!.response as WireResponse).output;
    expect(comparable(item)).toEqual(comparable(whole.output[0]));
    expect(item.type === 'function_call' && item.arguments).toBe(deltas.map(({ delta }) => delta).join(''));
  });

  it('should be taken back as history, with their outputs', async () => {
    const first = await respond(call);
    const [item] = first.output;
    if (item.type !== 'function_call') throw new Error('not a call');
    const output = { type: 'function_call_output', call_id: item.call_id, output: 'Sunny.' };
    const next = await respond({ ...story, input: [{ role: 'user', content: call.input }, item, output], tools: [TOOL] });
    expect(next.output.length).toBeGreaterThan(0);
    const message = next.output[0];
    // An own message as history too.
    const more = await respond({ ...story, input: [{ role: 'user', content: 'Hi' }, message, { role: 'user', content: 'More' }] });
    expect(more.status).toMatch(/complete/);
  });
});

describe("OpenAI's own client", () => {
  const parameters = { ...story, model };

  it('should read text, whole and streamed', async () => {
    const response = await client.responses.create(parameters as OpenAI.Responses.ResponseCreateParamsNonStreaming);
    expect(response.output_text.length).toBeGreaterThan(10);
    const stream = client.responses.stream(parameters as Parameters<typeof client.responses.stream>[0]);
    let text = '';
    stream.on('response.output_text.delta', ({ delta }) => {
      text += delta;
    });
    const last = await stream.finalResponse();
    expect([text, last.output_text]).toEqual([response.output_text, response.output_text]);
  });

  it('should parse answers of a schema, and calls', async () => {
    const format = { type: 'json_schema' as const, name: 'weather', schema: WEATHER, strict: true };
    const parsed = await client.responses.parse({ ...parameters, max_output_tokens: 100, text: { format } } as never);
    expect(JSON.parse(parsed.output_text)).toHaveProperty('city');
    const called = await client.responses.create({ ...call, model } as OpenAI.Responses.ResponseCreateParamsNonStreaming);
    const [item] = called.output;
    expect(item.type === 'function_call' && Object.keys(JSON.parse(item.arguments))).toEqual(['city', 'days']);
  });
});

describe('requests for a response', () => {
  it.each<[Body, string, string]>([
    [{ background: true, store: false }, 'background', 'store cannot be false'],
    [{ conversation: 'conv_1' }, 'conversation', 'does not support conversation'],
    [{ input: [{ type: 'item_reference' }] }, 'input', 'item 0, id: '],
    [{ input: [{ type: 'reasoning', id: 'rs_1', summary: [] }] }, 'input', 'item 0, type: must be message'],
    [
      { input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'x' }] }] },
      'input',
      'item 0, content: must be a string or up to 64 parts of text',
    ],
    [
      { input: [{ type: 'function_call_output', call_id: 'call_1', output: 'x' }] },
      'input',
      'no call of the kind that a function_call_output answers',
    ],
    [{ input: [] }, 'input', 'must not be empty'],
    [{ input: undefined }, 'input', 'must be a string or a list of items'],
    [{ tools: [{ type: 'web_search' }] }, 'tools[0].type', 'must be function or custom'],
    [{ tools: [{ ...TOOL, parameters: { type: 'object', properties: { a: { not: {} } } } }] }, 'tools[0].parameters', 'not supported'],
    [{ tool_choice: { type: 'function', name: 'other' } }, 'tool_choice', 'only allowed with tools'],
    [{ text: { format: { type: 'json_schema', name: 'x', schema: { not: {} } } } }, 'text.format', 'not supported'],
    [{ text: { verbosity: 'low' } }, 'text.verbosity', 'must be medium'],
    [{ max_output_tokens: 0 }, 'max_output_tokens', 'must be a whole number'],
    [{ max_output_tokens: 600 }, 'max_output_tokens', 'maximum context length'],
    [{ truncation: 'auto' }, 'truncation', 'does not support truncation'],
  ])('should be refused by name: %j', async (changes, param, message) => {
    const answer = await post(RESPONSES, { ...story, ...changes });
    const { error } = await answer.json<{ error: { param: string; message: string } }>();
    expect([answer.status, error.param], error.message).toEqual([400, param]);
    expect(error.message).toContain(message);
  });

  it('should be answered the same with values that ask for nothing', async () => {
    const plain = comparable(await respond(story));
    for (const neutral of [
      { store: false, background: false, previous_response_id: null, truncation: 'disabled', tools: [], tool_choice: 'auto' },
      { include: ['reasoning.encrypted_content'], reasoning: { effort: null, summary: null }, text: { format: { type: 'text' } } },
      { include: [], reasoning: null, text: { verbosity: 'medium' }, service_tier: 'auto', parallel_tool_calls: false, stream: false },
    ]) {
      const answer = comparable(await respond({ ...story, ...neutral }));
      expect({ ...answer, text: plain.text }).toEqual(plain);
    }
  });

  it('should make the client throw its typed errors', async () => {
    const refused = client.responses.create({ ...story, model, max_output_tokens: 0 } as OpenAI.Responses.ResponseCreateParamsNonStreaming);
    await expect(refused).rejects.toBeInstanceOf(BadRequestError);
  });
});
