import type OpenAI from 'openai';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ChatChunk } from '../../../src/api/openai/schemas/chat-schema.ts';
import { DEFAULT_MODEL, post, seedModel } from '../helpers.ts';
import { type Body, chat, chunksOf, client } from './support.ts';

beforeAll(() => seedModel(DEFAULT_MODEL));

const CHATS = '/v1/chat/completions';
const RESPONSES = '/v1/responses';
const model = 'tinystories-gpt2';

const QUESTION = { role: 'user' as const, content: 'Send the cat home.' };
const DEFINITION = '(go|say "hi"\\n){1,2}[0-9]{2,4}';
const INPUT = /^(go|say "hi"\n){1,2}[0-9]{2,4}$/;
/** All beginnings of such an input. */
const BEGINNING = /^(g?|s?|sa|say ?|say "h?|say "hi"?|((go|say "hi"\n){1,2}(g|s|sa|say ?|say "h?|say "hi"?|[0-9]{1,4})?))$/;

const grammar = (definition = DEFINITION) => ({ type: 'grammar' as const, grammar: { syntax: 'regex' as const, definition } });
const tool = (name: string, format?: ReturnType<typeof grammar> | { type: 'text' }) => ({
  type: 'custom' as const,
  custom: { name, description: 'Runs a command.', format },
});
const FUNCTION = { type: 'function' as const, function: { name: 'stop_all' } };
const named = (name: string) => ({ type: 'custom' as const, custom: { name } });
const request = (changes: Body): Body => ({
  ...{ messages: [QUESTION], tools: [tool('run', grammar()), FUNCTION], tool_choice: named('run'), max_tokens: 120 },
  ...changes,
});

interface Call {
  id?: string;
  type?: string;
  custom?: { name?: string; input?: string };
}

/** The call of a chat's first choice, which has one. */
async function callOf(body: Body) {
  const [{ message, finish_reason }] = (await chat(body)).choices;
  expect(message.content).toBe(null);
  const [call, ...more] = message.tool_calls!;
  expect(more).toEqual([]);
  if (call.type !== 'custom') throw new Error('not a call of a custom tool');
  return { call, finish_reason };
}

/** What the deltas of a stream add up to, as a client adds them up. */
function joined(chunks: ChatChunk[]) {
  const deltas = chunks.flatMap(({ choices }) => choices.flatMap(({ delta }) => (delta.tool_calls ?? []) as (Call & { index: number })[]));
  const [first, ...rest] = deltas;
  expect(first).toMatchObject({ index: 0, type: 'custom', custom: { input: '' } });
  for (const delta of rest) expect(delta).toEqual({ index: 0, custom: { input: expect.stringMatching(/./s) } });
  const input = deltas.map(({ custom }) => custom!.input).join('');
  return { name: first.custom!.name, input, reason: chunks.at(-1)!.choices[0].finish_reason };
}

async function refusal(path: string, body: Body) {
  const answer = await post(path, body);
  const { error } = await answer.json<{ error: { param: string; message: string } }>();
  return { status: answer.status, ...error };
}

describe('calls of a custom tool in a chat', () => {
  it('should have an input that matches the regular expression at any temperature, whole and streamed alike', async () => {
    const inputs = new Set<string>();
    for (let seed = 0; seed < 12; seed++) {
      const definition = [DEFINITION, '\\p{L}{1,5}!', '[A-Z][a-z]{1,6}( [A-Z][a-z]{1,6})?', '(é|"|\\\\|\\t){3}'][seed % 4];
      const body = request({ tools: [tool('run', grammar(definition))], seed, temperature: seed / 5.5 });
      const { call, finish_reason } = await callOf(body);
      expect(call.id).toMatch(/^call_[0-9a-f]{24}$/);
      expect(call.custom.name).toBe('run');
      expect(call.custom.input).toMatch(new RegExp(`^(?:${definition})$`, 'u'));
      expect(finish_reason).toBe('tool_calls');
      expect(joined(await chunksOf<ChatChunk>(CHATS, body))).toEqual({ ...call.custom, reason: 'tool_calls' });
      inputs.add(call.custom.input);
    }
    expect(inputs.size).toBeGreaterThan(8);
  });

  it('should have any text without a format, or with the format text', async () => {
    for (const format of [undefined, { type: 'text' as const }]) {
      const body = request({ tools: [tool('run', format)], seed: 3, temperature: 1, max_tokens: 60 });
      const { call, finish_reason } = await callOf(body);
      expect(joined(await chunksOf<ChatChunk>(CHATS, body))).toEqual({ ...call.custom, reason: finish_reason });
    }
  });

  it('should be incomplete, but valid so far, if max_tokens cuts them', async () => {
    const lengths = new Set<number>();
    const { usage } = await chat(request({ seed: 2 }));
    for (let max_tokens = usage.completion_tokens - 1; max_tokens > usage.completion_tokens - 30; max_tokens -= 2) {
      const body = request({ seed: 2, max_tokens });
      const [{ message, finish_reason }] = (await chat(body)).choices;
      for (const call of message.tool_calls ?? []) {
        if (call.type !== 'custom') throw new Error('not a call of a custom tool');
        expect(call.custom.input).toMatch(finish_reason === 'tool_calls' ? INPUT : BEGINNING);
        if (finish_reason === 'length') lengths.add(call.custom.input.length);
      }
      if (finish_reason !== 'tool_calls') expect(finish_reason).toBe('length');
    }
    expect(lengths.size).toBeGreaterThan(2);
  });

  it('should be made beside calls of functions, each in its form', async () => {
    const kinds = new Set<string>();
    for (let seed = 0; seed < 8; seed++) {
      const body = request({ tool_choice: 'required', parallel_tool_calls: true, seed, temperature: 1.5, max_tokens: 200 });
      const [{ message, finish_reason }] = (await chat(body)).choices;
      for (const [index, call] of message.tool_calls!.entries()) {
        kinds.add(call.type);
        if (finish_reason === 'length' && index === message.tool_calls!.length - 1) continue;
        if (call.type === 'custom') expect(call.custom.input).toMatch(INPUT);
        else expect(JSON.parse(call.function.arguments)).toEqual({});
      }
    }
    expect([...kinds].sort()).toEqual(['custom', 'function']);
  });

  it('should be of the tools that are allowed', async () => {
    const tools = [tool('run', grammar()), tool('other', grammar('x'))];
    const tool_choice = { type: 'allowed_tools', allowed_tools: { mode: 'required', tools: [named('other')] } };
    expect((await callOf(request({ tools, tool_choice, seed: 1 }))).call.custom).toEqual({ name: 'other', input: 'x' });
  });

  it('should be taken back as history, with their outputs', async () => {
    const { call } = await callOf(request({ seed: 1 }));
    const asked = { role: 'assistant', content: null, tool_calls: [call] };
    const answerTo = async (content: string, asks: Body = asked) =>
      chat({ messages: [QUESTION, asks, { role: 'tool', tool_call_id: call.id, content }], max_tokens: 20, temperature: 0 });
    const answers = [await answerTo('Done.'), await answerTo('The cat did not want to go.')];
    expect(answers[1].usage.prompt_tokens).toBeGreaterThan(answers[0].usage.prompt_tokens);
    // The model reads the input as that of a function with one text.
    const written = { id: call.id, type: 'function', function: { name: 'run', arguments: JSON.stringify({ input: call.custom.input }) } };
    const same = await answerTo('Done.', { ...asked, tool_calls: [written] });
    expect(same.choices[0].message.content).toBe(answers[0].choices[0].message.content);
  });

  it.each<[Body, string, string]>([
    [{ tools: [tool('a b')] }, 'tools[0].custom.name', 'must be 1 to 64 letters'],
    [{ tools: [tool('stop_all'), FUNCTION] }, 'tools[1].function.name', 'another tool has the same name'],
    [{ tools: [tool('run', grammar('(a)\\1'))] }, 'tools[0].custom.format.grammar.definition', 'cannot be enforced'],
    [{ tools: [tool('run', grammar('[^\\s\\S]'))] }, 'tools[0].custom.format.grammar.definition', 'matches no text'],
    [
      {
        tools: [
          { type: 'custom', custom: { name: 'run', format: { type: 'grammar', grammar: { syntax: 'lark', definition: 'start: "a"' } } } },
        ],
      },
      'tools[0].custom.format.grammar.syntax',
      'gpt-edge does not support lark',
    ],
    [{ tools: [{ type: 'custom', custom: { name: 'run', format: { type: 'json' } } }] }, 'tools[0].custom.format.type', 'text or grammar'],
    [{ tool_choice: named('stop_all') }, 'tool_choice', 'names a tool that is not among tools'],
    [{ tool_choice: { type: 'function', function: { name: 'run' } } }, 'tool_choice', 'names a tool that is not among tools'],
    [{ tool_choice: named('other') }, 'tool_choice', 'names a tool that is not among tools'],
  ])('should be refused by name: %j', async (changes, param, message) => {
    const refused = await refusal(CHATS, request(changes));
    expect([refused.status, refused.param], refused.message).toEqual([400, param]);
    expect(refused.message).toContain(message);
  });
});

const responseTool = {
  type: 'custom' as const,
  name: 'run',
  format: { type: 'grammar' as const, syntax: 'regex' as const, definition: DEFINITION },
};
const called = {
  ...{ model, input: QUESTION.content, tools: [responseTool], tool_choice: { type: 'custom' as const, name: 'run' } },
  max_output_tokens: 120,
};

describe('calls of a custom tool in a response', () => {
  it('should come in events of the order of OpenAI, which its client adds up to the whole', async () => {
    for (const seed of [1, 2, 3]) {
      const parameters = { ...called, seed, temperature: 2 } as OpenAI.Responses.ResponseCreateParamsNonStreaming;
      const whole = await client.responses.create(parameters);
      const [item] = whole.output;
      if (item.type !== 'custom_tool_call') throw new Error('not a call of a custom tool');
      expect(item).toMatchObject({
        name: 'run',
        status: 'completed',
        id: expect.stringMatching(/^ctc_/),
        call_id: expect.stringMatching(/^call_/),
      });
      expect(item.input).toMatch(INPUT);
      expect(whole.tools).toEqual([{ ...responseTool, description: null }]);
      const events: OpenAI.Responses.ResponseStreamEvent[] = [];
      for await (const event of await client.responses.create({ ...parameters, stream: true })) events.push(event);
      const deltas = events.filter((event) => event.type === 'response.custom_tool_call_input.delta');
      expect(events.filter((event) => event.type !== 'response.custom_tool_call_input.delta').map(({ type }) => type)).toEqual([
        ...['response.created', 'response.in_progress', 'response.output_item.added', 'response.custom_tool_call_input.done'],
        ...['response.output_item.done', 'response.completed'],
      ]);
      expect(deltas.length).toBeGreaterThan(1);
      expect(deltas.map(({ delta }) => delta).join('')).toBe(item.input);
      const done = events.find((event) => event.type === 'response.custom_tool_call_input.done');
      expect(done).toMatchObject({ input: item.input, output_index: 0, item_id: deltas[0].item_id });
    }
  });

  it('should be incomplete if max_output_tokens cuts them', async () => {
    const whole = await client.responses.create({ ...called, seed: 1 } as OpenAI.Responses.ResponseCreateParamsNonStreaming);
    const cut = await client.responses.create({
      ...called,
      seed: 1,
      max_output_tokens: whole.usage!.output_tokens - 8,
    } as OpenAI.Responses.ResponseCreateParamsNonStreaming);
    expect([cut.status, cut.incomplete_details]).toEqual(['incomplete', { reason: 'max_output_tokens' }]);
    const [item] = cut.output as [OpenAI.Responses.ResponseCustomToolCallItem];
    expect(item).toMatchObject({ type: 'custom_tool_call', status: 'incomplete', input: expect.stringMatching(BEGINNING) });
  });

  it('should be taken back as history, with their outputs', async () => {
    const first = await client.responses.create({ ...called, seed: 1 } as OpenAI.Responses.ResponseCreateParamsNonStreaming);
    const [item] = first.output as [OpenAI.Responses.ResponseCustomToolCall];
    const output = { type: 'custom_tool_call_output' as const, call_id: item.call_id, output: 'Done.' };
    const input = [QUESTION, item, output];
    const tokens = { max_output_tokens: 10 };
    expect((await client.responses.create({ model, input, ...tokens })).output_text).not.toBe('');
    const { message } = await refusal(RESPONSES, { input: [QUESTION, item, { ...output, type: 'function_call_output' }], ...tokens });
    expect(message).toContain('no call of the kind that a function_call_output answers');
  });

  it('should be refused by the names that its fields have there', async () => {
    const withFormat = (format: Body) => ({ ...called, tools: [{ ...responseTool, format: { type: 'grammar', ...format } }] });
    const lark = await refusal(RESPONSES, withFormat({ syntax: 'lark', definition: 'start: "a"' }));
    expect(lark).toMatchObject({ status: 400, param: 'tools[0].format.syntax' });
    expect(lark.message).toContain('gpt-edge does not support lark');
    const refused = await refusal(RESPONSES, withFormat({ syntax: 'regex', definition: '(a)\\1' }));
    expect(refused).toMatchObject({ status: 400, param: 'tools[0].format.definition' });
  });
});

describe("OpenAI's own client", () => {
  it('should add up the calls of a streamed chat', async () => {
    const parameters = {
      model,
      messages: [QUESTION],
      tools: [tool('run', grammar())],
      tool_choice: named('run'),
      seed: 1,
      max_tokens: 120,
    };
    const whole = await client.chat.completions.create(parameters);
    const [call] = whole.choices[0].message.tool_calls!;
    expect(call.type === 'custom' && call.custom.input).toMatch(INPUT);
    const calls: Call[] = [];
    for await (const { choices } of await client.chat.completions.create({ ...parameters, stream: true }))
      for (const { id, custom } of choices[0]?.delta.tool_calls ?? []) calls.push({ id, custom });
    expect(calls.map(({ custom }) => custom!.input).join('')).toBe(call.type === 'custom' && call.custom.input);
  });
});
