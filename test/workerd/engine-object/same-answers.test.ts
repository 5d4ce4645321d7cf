import { SELF } from 'cloudflare:test';
import { beforeAll, describe, expect, it } from 'vitest';
import { appOver } from '../api/support.ts';
import { DEFAULT_MODEL, seedModel } from '../helpers.ts';

/** What two answers to the same request differ in: ids, times, what was cached before, and so what it has cost. */
const DIFFERENT = /"(id|created|cached_tokens)":("[^"]*"|\d+)|,"gpt_edge":\{"multiply_adds"[^}]*\}/g;

const messages = [{ role: 'user', content: 'Tell me a story about a dragon.' }];
const REQUESTS: [string, object][] = [
  ['/v1/completions', { prompt: ['Once upon a time', 'The dog'], n: 2, seed: 5, max_tokens: 30, logprobs: 2 }],
  ['/v1/completions', { prompt: 'Once upon a time', temperature: 0, max_tokens: 400, return_token_ids: true }],
  ['/v1/completions', { prompt: 'Once', n: 40, seed: 1, max_tokens: 60, logit_bias: { 0: -100 } }],
  ['/v1/chat/completions', { messages, seed: 3, max_tokens: 40 }],
  ['/v1/chat/completions', { messages, seed: 3, max_tokens: 40, response_format: { type: 'json_object' } }],
  ['/v1/next-token', { prompt: 'Once upon a', top: 5 }],
  ['/tokenize', { prompt: 'Once upon a time' }],
  ['/tokenize', { messages }],
  ['/detokenize', { tokens: [419, 429, 259] }],
  ['/v1/completions', { prompt: 'Once', unknown: 1 }],
  ['/v1/completions', { prompt: 'Once', model: 'none' }],
  ['/v1/chat/completions', { messages, max_tokens: 0.5 }],
];

/** The text of each choice of a stream, and all that its events say once: their number depends on the time. */
function joinedEvents(text: string): unknown {
  const events = text.split('\n\n').filter((event) => event !== '');
  expect(events.pop()).toBe('data: [DONE]');
  const choices = new Map<number, { text: string; finish: unknown }>();
  for (const event of events)
    for (const { index, text, delta, finish_reason } of JSON.parse(event.slice('data: '.length)).choices) {
      const choice = choices.get(index) ?? { text: '', finish: null };
      choices.set(index, { text: choice.text + (text ?? delta.content ?? ''), finish: finish_reason ?? choice.finish });
    }
  return [...choices].sort(([a], [b]) => a - b);
}

beforeAll(() => seedModel(DEFAULT_MODEL));

describe('an answer through an engine object', () => {
  const inWorker = appOver(true);
  const init = (body: object) => ({ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

  it.each(REQUESTS)('should be the same as in the Worker: %s %j', async (path, body) => {
    const [alone, through] = [await inWorker.request(path, init(body)), await SELF.fetch(`http://edge${path}`, init(body))];
    expect(through.headers.get('server-timing')).toMatch(/object;desc="local\/tinystories-gpt2\/[0-3]"/);
    expect(through.status).toBe(alone.status);
    expect(through.headers.get('content-type')).toBe(alone.headers.get('content-type'));
    expect((await through.text()).replaceAll(DIFFERENT, '')).toBe((await alone.text()).replaceAll(DIFFERENT, ''));
  });

  it.each(REQUESTS.filter(([path]) => path.includes('completions')))('should be the same stream: %s %j', async (path, body) => {
    const streamed = { ...body, stream: true };
    const [alone, through] = [await inWorker.request(path, init(streamed)), await SELF.fetch(`http://edge${path}`, init(streamed))];
    expect(through.status).toBe(alone.status);
    const [expected, text] = [await alone.text(), await through.text()];
    if (alone.status === 200) expect(joinedEvents(text)).toEqual(joinedEvents(expected));
    else expect(text).toBe(expected);
  });

  it('should keep its request id, and be open to other origins', async () => {
    const answer = await SELF.fetch('http://edge/tokenize', {
      ...init({ prompt: 'a' }),
      headers: { 'content-type': 'application/json', 'x-request-id': 'mine', origin: 'https://page.example' },
    });
    expect(answer.headers.get('x-request-id')).toBe('mine');
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  });
});

it('should answer by itself what needs no model', async () => {
  for (const path of ['/health', '/openapi.json', '/nowhere']) {
    const answer = await SELF.fetch(`http://edge${path}`);
    expect(answer.headers.get('server-timing'), path).toBeNull();
    await answer.text();
  }
});
