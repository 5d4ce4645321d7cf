import { expect, it } from 'vitest';
import { serveDefaultModel } from './serve-default-model.ts';

const QUESTIONS = Array.from({ length: 20 }, (_, index) => ({ type: 'predicate', instructions: `It is ${index}.` }));

it.each([
  ['/v1/completions', { prompt: 'Once', n: 100, max_tokens: 100 }, 'n'],
  ['/v1/completions', { prompt: 'Once', max_tokens: 400 }, 'max_tokens'],
  ['/v1/completions', { prompt: Array.from({ length: 100 }, () => [7, 8, 9]), max_tokens: 0, echo: true, logprobs: 1 }, 'prompt'],
  ['/v1/completions', { prompt: 'Once', n: 1, best_of: 100, max_tokens: 100 }, 'best_of'],
  ['/v1/embeddings', { input: Array.from({ length: 400 }, () => [7]) }, 'input'],
  ['/v1/next-token', { prompt: Array.from({ length: 400 }, () => 7) }, 'prompt'],
  ['/v1/decisions', { input: 'Hi', questions: QUESTIONS }, 'questions'],
  ['/v1/chat/completions', { messages: [{ role: 'user', content: 'Hi' }], stream: true }, 'max_completion_tokens'],
])('should refuse at %s what may take more than MAX_WORK, before anything is computed: case %#', async (path, body, param) => {
  const worker = await serveDefaultModel({ MAX_WORK: '1e9' });
  try {
    const post = (sent: object) =>
      fetch(new URL(path, worker.url), { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(sent) });
    const answer = await post(body);
    expect(answer.status).toBe(400);
    const { error } = (await answer.json()) as { error: object };
    expect(error).toMatchObject({ code: 'invalid_value', param, message: expect.stringContaining('limit is 1 billion (MAX_WORK)') });
  } finally {
    await worker.stop();
  }
});
