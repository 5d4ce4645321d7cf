import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalWorker } from '../../src/local/local-worker.ts';
import { serveDefaultModel } from './serve-default-model.ts';
import { cpuMilliseconds, HAS_CPU_TIME, workerdPid } from './workerd-process.ts';

/**
 * The rule is 40 to 100 ms of work between two visits to the event loop, however many requests share it. The wait is
 * measured in workerd's own CPU time, so that other programs on the machine do not count; the rest is for slower and
 * shared processors. Without the rule, most of these requests hold the isolate for one to thirty seconds.
 */
const MAX_WAIT_MS = 300;

const TEXT = "Once upon a time there was a girl named Lily, and she didn't like 12 frogs. ".repeat(13_000);
/** Texts of a megabyte without a space. */
const ONE_LETTER = 'a'.repeat(1e6);
const CJK = '日本語'.repeat(111_000);
const RANDOM_CJK = Array.from({ length: 333_000 }, (_, at) => String.fromCharCode(0x4e00 + ((at * 7919) % 20_000))).join('');
const EMOJI = '😀👩‍👩‍👧'.repeat(45_000);
const ids = (length: number, seed = 1) => Array.from({ length }, (_, index) => 100 + ((index * 7919 + seed * 104729) % 3900));
const prompts = (length: number) => Array.from({ length: 128 }, (_, index) => ids(length, index));
const chat = (content: string) => ({ messages: [{ role: 'user', content }] });

const HEAVY: [what: string, path: string, body: object, status?: number][] = [
  ['many prompts with echo and logprobs', '/v1/completions', { prompt: prompts(100), max_tokens: 1, echo: true, logprobs: 5 }],
  ['many short prompts', '/v1/completions', { prompt: prompts(1), max_tokens: 2 }],
  ['128 choices', '/v1/completions', { prompt: 'Once', max_tokens: 20, n: 128, logit_bias: { 0: -100 } }],
  ['a prompt that fills the window', '/v1/completions', { prompt: ids(511), max_tokens: 1 }],
  ['a prompt of 1 MB', '/v1/completions', { prompt: TEXT.slice(0, 1e6) }, 400],
  ['200,000 token ids', '/v1/completions', { prompt: ids(200_000) }, 400],
  ['a text of 1 MB', '/tokenize', { prompt: TEXT.slice(0, 1e6), return_token_strs: true }],
  ['one word of 1 MB', '/tokenize', { prompt: ONE_LETTER }],
  ['one word of 1 MB with the text of each token', '/tokenize', { prompt: CJK, return_token_strs: true }],
  ['1 MB of random CJK', '/tokenize', { prompt: RANDOM_CJK }],
  ['1 MB of emoji', '/tokenize', { prompt: EMOJI }],
  ['a prompt that is one long word', '/v1/completions', { prompt: ONE_LETTER.slice(0, 131_000) }, 400],
  ['a chat with one long word', '/v1/chat/completions', chat(CJK.slice(0, 131_000)), 400],
  [
    'a chat of many messages',
    '/v1/chat/completions',
    { messages: Array.from({ length: 1900 }, (_, at) => ({ role: at % 2 ? 'assistant' : 'user', content: 'hi' })) },
    400,
  ],
  ['200,000 tokens', '/detokenize', { tokens: ids(200_000) }],
  ['a chat with the most alternatives', '/v1/chat/completions', { ...chat('hi'), n: 32, max_tokens: 60, logprobs: true, top_logprobs: 20 }],
  ['a chat of 1 MB', '/v1/chat/completions', chat(TEXT.slice(0, 1e6)), 400],
  ['the distribution after a long prompt', '/v1/next-token', { prompt: ids(500), top_k: 20 }],
];

describe.skipIf(!HAS_CPU_TIME)('the longest wait (CPU time is in /proc, so on Linux only)', () => {
  let worker: LocalWorker;
  let pid: number;
  beforeAll(async () => {
    worker = await serveDefaultModel();
    pid = (await workerdPid())!;
  });
  afterAll(() => worker.stop());

  const post = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(new URL(path, worker.url), { method: 'POST', headers, body: JSON.stringify(body) });
    await answer.arrayBuffer();
    return answer.status;
  };

  /** The most CPU that workerd used while a call of /health waited, beside a heavy request. */
  async function longestWait(path: string, body: object, status: number, times = 1): Promise<number> {
    let isDone = false;
    const heavy = Promise.all(Array.from({ length: times }, () => post(path, body))).finally(() => {
      isDone = true;
    });
    let longest = 0;
    while (!isDone) {
      await wait(2);
      const before = await cpuMilliseconds(pid);
      await (await fetch(new URL('/health', worker.url))).text();
      longest = Math.max(longest, (await cpuMilliseconds(pid)) - before);
    }
    expect(new Set(await heavy)).toEqual(new Set([status]));
    return longest;
  }

  // The first, because the model is loaded only once.
  it('should be short while the model is loaded', async () => {
    expect(await longestWait('/v1/completions', { prompt: 'Once', max_tokens: 1 }, 200)).toBeLessThan(MAX_WAIT_MS);
  });

  it('should be short beside eight heavy requests', async () => {
    const body = { prompt: ids(400), max_tokens: 60, logit_bias: { 0: -100 } };
    expect(await longestWait('/v1/completions', body, 200, 8)).toBeLessThan(MAX_WAIT_MS);
  });

  it('should be short beside eight long texts', async () => {
    expect(await longestWait('/tokenize', { prompt: TEXT.slice(0, 5e5) }, 200, 8)).toBeLessThan(MAX_WAIT_MS);
  });

  it.each(HEAVY)('should be short beside %s', async (_, path, body, status = 200) => {
    expect(await longestWait(path, body, status)).toBeLessThan(MAX_WAIT_MS);
  });
});
