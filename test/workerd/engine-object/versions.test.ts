import { beforeAll, expect, it } from 'vitest';
import { POINTER_SECONDS } from '../../../src/storage/current-versions.ts';
import { pushVersion, testEnv } from '../helpers.ts';
import { frontApp, reset, withBudget } from './sliced.ts';

const ID = testEnv.MODEL_IDS;
const STORY = { prompt: 'Once upon a time', seed: 5, max_tokens: 300, logit_bias: { 0: -100 }, stream: true };

const app = frontApp();
const ask = (body: object = STORY) =>
  app.request('http://edge/v1/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
const textOf = (events: string) => [...events.matchAll(/^data: (\{.*)$/gm)].map(([, event]) => JSON.parse(event).choices[0].text).join('');

let former: string;
beforeAll(async () => {
  former = await pushVersion(ID);
});

it('should end answers with the version with which they have begun, also after their object was reset', async () => {
  await withBudget(10);
  const whole = textOf(await (await ask()).text());
  const running = await ask();
  expect(running.headers.get('x-model-version')).toBe(former);
  const reader = running.body!.pipeThrough(new TextDecoderStream()).getReader();
  let got = (await reader.read()).value!;

  const version = await pushVersion(ID, { 'generation_config.json': '{"temperature": 0, "bos_token_id": 0, "eos_token_id": 0}' });
  await scheduler.wait(POINTER_SECONDS * 1000 + 100);
  const next = await ask();
  expect(next.headers.get('x-model-version')).toBe(version);
  expect(textOf(await next.text())).not.toBe(whole);

  await reset();
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) got += value;
  expect(got).toMatch(/data: \[DONE\]\n\n$/);
  expect(textOf(got)).toBe(whole);
});

it('should say so if that version is gone', async () => {
  const running = await ask();
  const reader = running.body!.pipeThrough(new TextDecoderStream()).getReader();
  let got = (await reader.read()).value!;
  const version = running.headers.get('x-model-version')!;
  await testEnv.MODELS.delete(`models/${ID}/versions/${version}.json`);
  await pushVersion(ID, { 'generation_config.json': '{"temperature": 0.5, "bos_token_id": 0, "eos_token_id": 0}' });
  await scheduler.wait(POINTER_SECONDS * 1000 + 100);
  await (await ask({ ...STORY, max_tokens: 1 })).text();
  await reset();
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) got += value;
  expect(got).toMatch(/There is another version of .* than the one with which this answer began|data: \[DONE\]/);
});
