import { beforeAll, describe, expect, it } from 'vitest';
import type { ChatChunk } from '../../../src/api/openai/schemas/chat-schema.ts';
import type { Completion } from '../../../src/api/openai/schemas/completion-schema.ts';
import { CpuAllowance } from '../../../src/generation/cpu-allowance.ts';
import { parseModelIds } from '../../../src/worker/worker-variables.ts';
import { DEFAULT_MODEL, readEvents, seedModel, testEnv } from '../helpers.ts';
import { appOver, type Body } from './support.ts';

beforeAll(() => seedModel(DEFAULT_MODEL));

const appWith = (milliseconds: number) =>
  appOver(true, undefined, parseModelIds(testEnv.MODEL_IDS), {
    cpuAllowance: () => new CpuAllowance(milliseconds, { isRenewable: false }),
  });

/** Local workerd enforces no limit: what the budget says is all that ends a completion here. */
const app = appWith(60);

const ask = (path: string, body: Body, asked = app) =>
  asked.request(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

const json = async <T>(path: string, body: Body, asked = app) => (await (await ask(path, body, asked)).json()) as T;

const LONG = { prompt: 'Once upon a time', max_tokens: 400, seed: 1, logit_bias: { 0: -100 } };
const CHAT = { messages: [{ role: 'user', content: 'Tell me a story about a cat.' }], max_tokens: 400, seed: 1, logit_bias: { 0: -100 } };

describe('CPU_BUDGET_MS in the Worker', () => {
  it('should end a completion with a part of its text, and say why', async () => {
    // The first request pays for loading the model.
    await ask('/v1/completions', { ...LONG, max_tokens: 1 });
    const whole = await json<Completion>('/v1/completions', LONG, appWith(300_000));
    expect(whole.gpt_edge).toBeUndefined();
    const cut = await json<Completion>('/v1/completions', LONG);
    expect(cut.gpt_edge).toEqual({ stopped_by: 'cpu_budget' });
    expect(cut.choices[0].finish_reason).toBe('length');
    expect(cut.usage!.completion_tokens).toBeGreaterThan(1);
    expect(cut.usage!.completion_tokens).toBeLessThan(400);
    expect(cut.usage!.gpt_edge.cpu_budget_left_ms).toBe(0);
    expect(cut.usage!.gpt_edge.multiply_adds).toBeLessThan(whole.usage!.gpt_edge.multiply_adds / 2);
    expect(whole.choices[0].text.startsWith(cut.choices[0].text)).toBe(true);
  });

  it('should leave a completion that needs less as it is', async () => {
    const { gpt_edge, usage } = await json<Completion>('/v1/completions', { ...LONG, max_tokens: 3 });
    expect(gpt_edge).toBeUndefined();
    expect(usage!.completion_tokens).toBe(3);
    expect(usage!.gpt_edge.cpu_budget_left_ms).toBeGreaterThan(0);
  });

  it('should end all choices', async () => {
    const { choices, gpt_edge } = await json<Completion>('/v1/completions', { ...LONG, n: 3 });
    expect(gpt_edge).toEqual({ stopped_by: 'cpu_budget' });
    expect(choices.map(({ finish_reason }) => finish_reason)).toEqual(['length', 'length', 'length']);
  });

  it.each([
    ['/v1/completions', LONG],
    ['/v1/chat/completions', CHAT],
  ])('should end a stream of %s in the same way as a whole answer', async (path, body) => {
    const events = await readEvents(await ask(path, { ...body, stream: true }));
    expect(events.pop()).toBe('[DONE]');
    const chunks = events.map((event) => JSON.parse(event) as Completion | ChatChunk);
    expect(chunks.at(-1)!.choices[0].finish_reason).toBe('length');
    expect(chunks.map(({ gpt_edge }) => gpt_edge?.stopped_by).filter(Boolean)).toEqual(['cpu_budget']);
    expect(chunks.at(-1)!.gpt_edge).toEqual({ stopped_by: 'cpu_budget' });
    const whole = await json<Completion>(path, body);
    expect(whole.gpt_edge).toEqual({ stopped_by: 'cpu_budget' });
  });

  it('should refuse the distribution behind a prompt that takes more', async () => {
    const asked = appWith(1);
    await ask('/v1/completions', { ...LONG, max_tokens: 1 }, asked);
    const answer = await ask('/v1/next-token', { prompt: 'Once upon a time '.repeat(80) }, asked);
    expect(answer.status).toBe(408);
    expect(await answer.json()).toMatchObject({ error: { code: 'timeout', message: expect.stringContaining('CPU_BUDGET_MS') } });
  });
});
