import { beforeAll, describe, expect, it } from 'vitest';
import type { ChatChunk, ChatCompletion } from '../../../src/api/openai/schemas/chat-schema.ts';
import { SchemaCompiler } from '../../../src/constrain/schema-compiler.ts';
import { SchemaDocument } from '../../../src/constrain/schema-document.ts';
import { TextState } from '../../../src/constrain/text-state.ts';
import { DEFAULT_MODEL, post, seedModel } from '../helpers.ts';
import { type Body, chat, chunksOf, tokenize } from './support.ts';

beforeAll(() => seedModel(DEFAULT_MODEL));

const CHATS = '/v1/chat/completions';
const WEATHER = {
  type: 'object',
  properties: { city: { enum: ['Rome', 'Oslo', 'Bonn'] }, days: { type: 'integer', minimum: 1, maximum: 9 } },
  required: ['city', 'days'],
};
const tool = (name: string, parameters?: unknown, more: Body = {}) => ({ type: 'function', function: { name, parameters, ...more } });
const TOOLS = [tool('get_weather', WEATHER), tool('stop_all')];
const QUESTION = { role: 'user', content: 'How is the weather?' };
const request = (changes: Body): Body => ({ messages: [QUESTION], tools: TOOLS, max_tokens: 120, ...changes });
const named = (name: string) => ({ type: 'function', function: { name } });

/** Whether a text is a value of a schema as arguments have it: with known properties only. */
function isValid(schema: unknown, text: string, isWhole = true): boolean {
  const part = new SchemaCompiler(new SchemaDocument(schema), { isClosed: true }).compile();
  const state = TextState.of(part).advance(new TextEncoder().encode(text));
  return isWhole ? (state?.isWhole ?? false) : state !== undefined;
}

const SCHEMAS: Record<string, unknown> = {
  get_weather: WEATHER,
  stop_all: { type: 'object', properties: {}, additionalProperties: false },
};

type Message = ChatCompletion['choices'][number]['message'];

/** The calls of an answer, which are all of functions. */
function functionsOf({ tool_calls }: Message) {
  return (tool_calls ?? []).map((call) => {
    if (call.type !== 'function') throw new Error('not a call of a function');
    return call.function;
  });
}

/** What the deltas of a stream add up to, as a client adds them up. */
function joined(chunks: ChatChunk[]) {
  let content: string | null = null;
  const calls: { id: string; name: string; arguments: string }[] = [];
  for (const { delta } of chunks.flatMap(({ choices }) => choices)) {
    if (delta.content) content = (content ?? '') + delta.content;
    for (const { index, id, type, function: part = {} } of delta.tool_calls ?? []) {
      if (id !== undefined) {
        expect([index, type, part.arguments]).toEqual([calls.length, 'function', '']);
        calls.push({ id, name: part.name!, arguments: '' });
      } else {
        expect([index, type, part.name]).toEqual([calls.length - 1, undefined, undefined]);
        calls[index].arguments += part.arguments;
      }
    }
  }
  return {
    content,
    calls: calls.map(({ name, arguments: text }) => ({ name, arguments: text })),
    reason: chunks.at(-1)!.choices[0].finish_reason,
  };
}

describe('calls that are required', () => {
  it('should have valid arguments at any temperature, whole and streamed alike', async () => {
    const names = new Set<string>();
    for (let seed = 0; seed < 12; seed++) {
      const body = request({ tool_choice: 'required', seed, temperature: seed / 6 });
      const [{ message, finish_reason }] = (await chat(body)).choices;
      expect(message.content).toBe(null);
      expect(finish_reason).toBe('tool_calls');
      const [{ id }] = message.tool_calls!;
      const [call, ...more] = functionsOf(message);
      expect(more).toEqual([]);
      expect(id).toMatch(/^call_[0-9a-f]{24}$/);
      expect(isValid(SCHEMAS[call.name], call.arguments), call.arguments).toBe(true);
      names.add(call.name);
      const chunks = await chunksOf<ChatChunk>(CHATS, body);
      expect(joined(chunks)).toEqual({ content: null, calls: [call], reason: 'tool_calls' });
      expect(chunks[0].choices[0].delta).toEqual({ role: 'assistant', content: null, refusal: null });
    }
    expect([...names].sort()).toEqual(['get_weather', 'stop_all']);
  });

  it('should be several if that is asked for, each with an id of its own', async () => {
    const calls = await Promise.all(
      [1, 2, 3, 4, 5, 6].map(
        async (seed) =>
          (await chat(request({ tool_choice: 'required', parallel_tool_calls: true, seed, temperature: 2, max_tokens: 200 }))).choices[0],
      ),
    );
    for (const { message, finish_reason } of calls)
      for (const [index, call] of functionsOf(message).entries())
        if (finish_reason === 'tool_calls' || index < message.tool_calls!.length - 1)
          expect(isValid(SCHEMAS[call.name], call.arguments), call.arguments).toBe(true);
    const most = Math.max(...calls.map(({ message }) => message.tool_calls!.length));
    expect(most).toBeGreaterThan(1);
    const ids = calls.flatMap(({ message }) => message.tool_calls!.map(({ id }) => id));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('should be of the function that is named, or of those that are allowed', async () => {
    for (const name of ['get_weather', 'stop_all'])
      for (const tool_choice of [named(name), { type: 'allowed_tools', allowed_tools: { mode: 'required', tools: [named(name)] } }]) {
        const [{ message, finish_reason }] = (await chat(request({ tool_choice, seed: 3 }))).choices;
        expect(functionsOf(message).map((call) => call.name)).toEqual([name]);
        expect(finish_reason).toBe('tool_calls');
      }
  });

  it('should be made for each of several choices, with penalties and a bias', async () => {
    const [comma] = await tokenize(',');
    const body = request({
      tool_choice: named('get_weather'),
      n: 4,
      seed: 1,
      temperature: 1.5,
      presence_penalty: 2,
      logit_bias: { [comma]: 50 },
    });
    const { choices } = await chat(body);
    expect(choices.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    for (const { message } of choices) expect(isValid(WEATHER, functionsOf(message)[0].arguments)).toBe(true);
    const chunks = await chunksOf<ChatChunk>(CHATS, body);
    for (const [index, { message }] of choices.entries())
      expect(joined(chunks.filter((chunk) => chunk.choices[0].index === index)).calls).toEqual(functionsOf(message));
  });

  it('should be incomplete, but valid so far, if max_tokens cuts them', async () => {
    for (let max_tokens = 1; max_tokens < 60; max_tokens += 4) {
      const body = request({ tool_choice: named('get_weather'), seed: 2, max_tokens });
      const [{ message, finish_reason }] = (await chat(body)).choices;
      for (const call of functionsOf(message)) expect(isValid(WEATHER, call.arguments, finish_reason === 'tool_calls')).toBe(true);
      expect(message.content).toBe(message.tool_calls ? null : '');
      const { calls, reason } = joined(await chunksOf<ChatChunk>(CHATS, body));
      expect([calls, reason]).toEqual([functionsOf(message), finish_reason]);
    }
  });

  it('should not depend on what else is decoded at the same time', async () => {
    const body = request({ tool_choice: 'required', seed: 5, temperature: 1 });
    const callsOf = ({ choices }: Awaited<ReturnType<typeof chat>>) => functionsOf(choices[0].message);
    const alone = callsOf(await chat(body));
    const together = await Promise.all([body, { messages: [QUESTION], max_tokens: 60, seed: 9 }, body].map(chat));
    expect([callsOf(together[0]), callsOf(together[2])]).toEqual([alone, alone]);
  });
});

describe('calls or text', () => {
  it('should be text without traces of the calls if the model does not call', async () => {
    const body = request({ seed: 1, max_tokens: 30 });
    const [{ message, finish_reason }] = (await chat(body)).choices;
    expect(message.tool_calls).toBe(undefined);
    expect(message.content).toMatch(/\w/);
    const chunks = await chunksOf<ChatChunk>(CHATS, body);
    expect(joined(chunks)).toEqual({ content: message.content, calls: [], reason: finish_reason });
  });

  it('should be JSON of the schema if the request asks for that, or calls', async () => {
    const schema = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'], additionalProperties: false };
    const response_format = { type: 'json_schema', json_schema: { name: 'answer', schema } };
    for (let seed = 0; seed < 6; seed++) {
      const [{ message }] = (await chat(request({ response_format, seed, temperature: 2 }))).choices;
      if (message.tool_calls) expect(message.content).toBe(null);
      else expect(isValid(schema, message.content!.trimStart())).toBe(true);
    }
  });

  it('should be text only for tool_choice none, as without tools', async () => {
    const plain = { messages: [QUESTION], max_tokens: 20, seed: 4 };
    const text = async (body: Body) => (await chat(body)).choices[0].message.content;
    expect(await text({ ...plain, tools: TOOLS, tool_choice: 'none' })).toBe(await text(plain));
  });
});

describe('log-probabilities and token ids', () => {
  it('should be those of all tokens of the answer', async () => {
    const body = request({ tool_choice: named('get_weather'), seed: 2, logprobs: true, top_logprobs: 1, return_token_ids: true });
    const { choices, usage } = await chat(body);
    expect(choices[0].logprobs!.content.length).toBe(usage.completion_tokens);
    expect(choices[0].token_ids!.length).toBe(usage.completion_tokens);
    const plain = await chat(request({ tool_choice: named('get_weather'), seed: 2, return_token_ids: true }));
    expect(plain.choices[0].token_ids).toEqual(choices[0].token_ids);
  });
});

describe('calls in the history', () => {
  const call = { id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Rome","days":1}' } };
  const asked = { role: 'assistant', content: null, tool_calls: [call] };
  const result = { role: 'tool', tool_call_id: 'call_1', content: 'Sunny.' };

  it('should be read by the model, with their results', async () => {
    const answers = await Promise.all(
      ['Sunny.', 'Rain, rain and snow.'].map((content) =>
        chat({ messages: [QUESTION, asked, { ...result, content }], max_tokens: 20, temperature: 0 }),
      ),
    );
    expect(answers[0].choices[0].message.content).not.toBe(answers[1].choices[0].message.content);
    expect(answers[1].usage.prompt_tokens).toBeGreaterThan(answers[0].usage.prompt_tokens);
  });

  it('should be accepted as they came, and their results with them', async () => {
    const first = await chat(request({ tool_choice: 'required', seed: 1 }));
    const { message } = first.choices[0];
    const results = message.tool_calls!.map(({ id }) => ({ role: 'tool', tool_call_id: id, content: [{ type: 'text', text: 'Done.' }] }));
    const next = await chat(request({ messages: [QUESTION, message, ...results], seed: 1, max_tokens: 20 }));
    expect(next.choices[0].message.content).not.toBe('');
  });

  it.each<[string, Body[], string]>([
    ['a result without a call', [QUESTION, result], 'messages[1].tool_call_id'],
    ['a result of another call', [QUESTION, asked, { ...result, tool_call_id: 'call_2' }], 'messages[2].tool_call_id'],
    ['a result without an id', [QUESTION, asked, { role: 'tool', content: 'Sunny.' }], 'messages[2].tool_call_id'],
    ['two results of one call', [QUESTION, asked, result, result], 'messages[3].tool_call_id'],
    ['a call without a result', [QUESTION, asked, QUESTION], 'messages[1].tool_calls'],
    ['two calls with one id', [QUESTION, { ...asked, tool_calls: [call, call] }, result], 'messages[1].tool_calls'],
    ['calls of a user', [{ ...QUESTION, tool_calls: [call] }, result], 'messages[0].tool_calls'],
    ['an id that is no result', [{ ...QUESTION, tool_call_id: 'call_1' }], 'messages[0].tool_call_id'],
    ['a user who says nothing', [{ role: 'user', content: null }], 'messages[0].content'],
  ])('should be refused if they do not belong together: %s', async (_, messages, param) => {
    const answer = await post(CHATS, { messages, max_tokens: 5 });
    expect([answer.status, (await answer.json<{ error: Body }>()).error]).toEqual([
      400,
      expect.objectContaining({ code: 'invalid_value', param }),
    ]);
  });
});

describe('tools', () => {
  it('should be refused by name if they are of an unknown kind, not distinct, or chosen and not there', async () => {
    for (const [changes, param] of [
      [{ tools: [{ type: 'web_search' }] }, 'tools[0].type'],
      [{ tools: [tool('a b')] }, 'tools[0].function.name'],
      [{ tools: [tool('a'), tool('a')] }, 'tools[1].function.name'],
      [{ tool_choice: named('other') }, 'tool_choice'],
      [{ tool_choice: 'any' }, 'tool_choice'],
      [{ tools: undefined, tool_choice: 'required' }, 'tool_choice'],
      [{ tools: [], tool_choice: named('get_weather') }, 'tool_choice'],
      [{ tools: [tool('f', { type: 'object', properties: { a: { not: {} } } }, { strict: true })] }, 'tools[0].function.parameters'],
    ] as [Body, string][]) {
      const answer = await post(CHATS, request(changes));
      expect([answer.status, (await answer.json<{ error: Body }>()).error]).toEqual([400, expect.objectContaining({ param })]);
    }
  });

  it('should leave out what cannot be enforced of a schema that is not strict', async () => {
    const parameters = {
      type: 'object',
      properties: { a: { type: 'array', items: { enum: ['x', 'y'] }, uniqueItems: true, maxItems: 2 } },
      required: ['a'],
    };
    const body = request({ tools: [tool('f', parameters)], tool_choice: 'required', seed: 1, temperature: 2 });
    const [{ message }] = (await chat(body)).choices;
    expect(functionsOf(message)[0].arguments).toMatch(/^\{\s*"a": ?\[\s*(("x"|"y")(,\s*)?){0,2}\s*\]\s*\}$/);
  });

  it('should have their properties in the order of a strict schema', async () => {
    for (let seed = 0; seed < 4; seed++) {
      const body = request({
        tools: [tool('f', WEATHER, { strict: true })],
        tool_choice: 'required',
        seed,
        temperature: 2,
        parallel_tool_calls: false,
      });
      const [{ message }] = (await chat(body)).choices;
      expect(Object.keys(JSON.parse(functionsOf(message)[0].arguments))).toEqual(['city', 'days']);
    }
  });
});
