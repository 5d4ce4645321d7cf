import { SELF } from 'cloudflare:test';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ErrorBody } from '../../../src/api/openai/schemas/bodies.ts';
import { DEFAULT_MODEL, post, replaceFile, seedModel } from '../helpers.ts';
import { appOver, type Body } from './support.ts';

beforeAll(async () => {
  await seedModel(DEFAULT_MODEL);
  await seedModel(DEFAULT_MODEL, { id: 'refuser' });
});

const COMPLETIONS = '/v1/completions';
const CHATS = '/v1/chat/completions';
const LONG = 'x'.repeat(900_000);
/** What a message repeats of a long value. */
const CUT = `${'x'.repeat(200)}…`;
const messages = [{ role: 'user', content: 'Hi' }];

async function errorOf(answer: Response): Promise<ErrorBody['error']> {
  const text = await answer.text();
  expect(text.length).toBeLessThan(1000);
  return (JSON.parse(text) as ErrorBody).error;
}

describe('a long value that an error repeats', () => {
  const cases: [what: string, path: string, body: Body, code: string][] = [
    ['a model id', COMPLETIONS, { model: LONG }, 'model_not_found'],
    ['a model id', CHATS, { model: LONG, messages }, 'model_not_found'],
    ['a model id', '/v1/next-token', { model: LONG }, 'model_not_found'],
    ['a model id', '/tokenize', { model: LONG, prompt: 'Hi' }, 'model_not_found'],
    ['a model id', '/detokenize', { model: LONG, tokens: [1] }, 'model_not_found'],
    ['the name of a field', COMPLETIONS, { [LONG]: 1 }, 'unknown_parameter'],
    ['the name of a field', '/tokenize', { prompt: 'Hi', [LONG]: 1 }, 'unknown_parameter'],
    ['the name of a field of a message', CHATS, { messages: [{ ...messages[0], [LONG]: 1 }] }, 'unknown_parameter'],
    ['the name of a field of a part', CHATS, { messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi', [LONG]: 1 }] }] }, ''],
    ['the name of a stream option', COMPLETIONS, { stream: true, stream_options: { [LONG]: 1 } }, 'unknown_parameter'],
    ['a key of logit_bias', COMPLETIONS, { logit_bias: { [LONG]: 1 } }, 'invalid_value'],
    ['a role', CHATS, { messages: [{ role: LONG, content: 'Hi' }] }, 'invalid_value'],
    ['the type of a part', CHATS, { messages: [{ role: 'user', content: [{ type: LONG, text: 'Hi' }] }] }, 'invalid_value'],
    ['a stop string', COMPLETIONS, { stop: LONG }, 'invalid_value'],
    ['a prompt', '/v1/next-token', { prompt: [LONG] }, 'invalid_value'],
    ['a value of a wrong type', COMPLETIONS, { temperature: LONG }, 'invalid_value'],
    ['a value that is not supported', CHATS, { messages, verbosity: LONG }, 'unsupported_parameter'],
    ['a choice of tools', CHATS, { messages, tool_choice: LONG }, 'invalid_value'],
  ];

  it.each(cases)('should be cut to 200 characters: %s at %s', async (_, path, body, code) => {
    const error = await errorOf(await post(path, body));
    if (code) expect(error.code).toBe(code);
    expect(error.message.match(/x{2,}…?/g) ?? []).toEqual(error.message.includes('xx') ? [expect.stringMatching(/^x{170,200}…$/)] : []);
    expect((error.param ?? '').length).toBeLessThanOrEqual(201);
  });

  it('should still be recognizable', async () => {
    expect(await errorOf(await post(COMPLETIONS, { model: LONG }))).toMatchObject({
      message: `The model "${CUT}" is not served here. Served: tinystories-gpt2.`,
    });
    expect(await errorOf(await post(COMPLETIONS, { [LONG]: 1 }))).toMatchObject({ message: `Unknown field ${CUT}.`, param: CUT });
  });

  it('should be cut in a path, and as an id in a path', async () => {
    const long = 'x'.repeat(8000);
    expect(await errorOf(await SELF.fetch(`http://edge/${long}`))).toMatchObject({ message: `There is no /${CUT.slice(1)} here.` });
    expect(await errorOf(await SELF.fetch(`http://edge/assets/${long}`))).toMatchObject({ code: 'unknown_url' });
    const unknown = await errorOf(await SELF.fetch(`http://edge/v1/models/${long}`));
    expect(unknown.message).toContain(`"${CUT}"`);
    const wrongMethod = await errorOf(await SELF.fetch(`http://edge/v1/models/${long}`, { method: 'DELETE' }));
    expect(wrongMethod.code).toBe('method_not_allowed');
  });

  it('should be cut where the chat template of a model repeats it, and be passed on otherwise', async () => {
    await replaceFile(
      'refuser',
      'tokenizer_config.json',
      JSON.stringify({ chat_template: "{{ raise_exception(messages[0]['content']) }}" }),
    );
    const app = appOver(true, undefined, ['refuser']);
    const ask = async (content: string, more: Body = {}) =>
      errorOf(
        await app.request(`http://edge${CHATS}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ messages: [{ role: 'user', content }], ...more }),
        }),
      );
    const refused = (why: string) => ({
      code: 'chat_template_error',
      param: 'messages',
      message: `The model's chat template refuses these messages: ${why}`,
    });
    expect(await ask('Only users may ask.')).toMatchObject(refused('Only users may ask.'));
    // More characters could not fit the context window, and would not reach the template.
    const long = LONG.slice(0, 100_000);
    expect(await ask(long)).toMatchObject(refused(CUT));
    expect(await ask(long, { stream: true })).toMatchObject(refused(CUT));
  });
});
