import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { LocalWorker } from '../../src/local/local-worker.ts';
import { serveModels } from '../../src/local/serve-models.ts';

let state: string;
let worker: LocalWorker;
const start = (budget = '30000') => serveModels({ persistTo: state, vars: { CPU_BUDGET_MS: budget } });

beforeAll(async () => {
  state = await mkdtemp(join(tmpdir(), 'gpt-edge-resume-'));
  worker = await start();
});
afterAll(async () => {
  await worker.stop();
  await rm(state, { recursive: true, force: true });
});

const BODY = { prompt: 'Once upon a time', seed: 4, max_tokens: 300, logit_bias: { 0: -100 }, stream: true, store: true };
const ask = () =>
  fetch(new URL('/v1/completions', worker.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(BODY),
  });
const dataOf = (text: string) => [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => data).filter((data) => data !== '[DONE]');
const textOf = (events: readonly string[]) => events.map((event) => JSON.parse(event).choices[0].text).join('');

it('should go on with a stored answer in another process, behind the last event that the client has got', async () => {
  const whole = textOf(dataOf(await (await ask()).text()));
  await worker.stop();
  // Slices are written, so that the next process need not begin at the beginning.
  worker = await start('40');
  const reader = (await ask()).body!.pipeThrough(new TextDecoderStream()).getReader();
  let got = '';
  while (dataOf(got).length < 40) got += (await reader.read()).value;
  await worker.stop();
  worker = await start();
  const complete = got.slice(0, got.lastIndexOf('\n\n') + 2);
  const id = JSON.parse(dataOf(complete)[0]).id;
  const last = [...complete.matchAll(/^id: (.*)$/gm)].at(-1)![1];
  const url = new URL(`/v1/completions/${id}`, worker.url);
  const rest = await (await fetch(`${url}/stream`, { headers: { 'last-event-id': last } })).text();
  expect(rest).toMatch(/data: \[DONE\]\n\n$/);
  expect(textOf([...dataOf(complete), ...dataOf(rest)])).toBe(whole);
  const answer = await (await fetch(url)).json();
  expect(answer).toMatchObject({ id, choices: [{ text: whole, finish_reason: 'length' }], gpt_edge: { status: 'completed' } });
});
