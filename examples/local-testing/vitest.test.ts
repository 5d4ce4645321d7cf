// Tests a program in Node against a real model, without any network. The same text always gives the same answer.
import { type LocalWorker, serveModels } from 'gpt-edge/local';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { title } from './program.ts';

let edge: LocalWorker;
beforeAll(async () => {
  edge = await serveModels(); // serves the model that comes with gpt-edge; { models: ['<folder>'] } serves others
}, 60_000); // the first start bundles the Worker
afterAll(() => edge.stop());

it('should find the same title for the same story', async () => {
  const story = 'Once upon a time there was a frog who could not swim.';
  const found = await title(story, edge.url.origin);
  expect(found).toMatch(/\w/);
  expect(await title(story, edge.url.origin)).toBe(found);
});

it('should report a story that is too long', async () => {
  await expect(title('Ribbit. '.repeat(600), edge.url.origin)).rejects.toThrow(/maximum context length/);
});
