import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convertModel } from '../../src/convert/convert-model.ts';
import { pushModel } from '../../src/local/bucket/push-model.ts';
import { type LocalWorker, startLocalWorker } from '../../src/local/local-worker.ts';
import { openModelFolder } from '../../src/local/model-folder.ts';

/** See test/convert/shared-models.test.ts. */
const GGUF = join(process.env.GPT_EDGE_MODELS ?? '', 'models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf');

describe.skipIf(!process.env.GPT_EDGE_MODELS || !existsSync(GGUF))(
  'SmolLM2-135M-Instruct in the Worker, inside 128 MB (skipped without GPT_EDGE_MODELS)',
  () => {
    let folder: string;
    let worker: LocalWorker;
    let client: OpenAI;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'gpt-edge-smollm2-'));
      await convertModel({ source: GGUF, target: join(folder, 'model'), id: 'smollm2' });
      worker = await startLocalWorker({ persistTo: join(folder, 'state'), vars: { PUBLIC: 'true', MODEL_IDS: 'smollm2' } });
      await pushModel(await openModelFolder(join(folder, 'model')), worker.models);
      client = new OpenAI({ baseURL: new URL('/v1', worker.url).href, apiKey: 'none' });
    });
    afterAll(async () => {
      await worker?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    it('should chat through the openai client, on the edge engine', async () => {
      const messages = [{ role: 'user' as const, content: 'What is the capital of France?' }];
      const { choices, system_fingerprint } = await client.chat.completions.create({ model: 'smollm2', messages, temperature: 0 });
      expect(choices[0].message.content).toMatch(/Paris/);
      expect(choices[0].finish_reason).toBe('stop');
      expect(system_fingerprint).toMatch(/_edge-q8$/);
    });

    it('should stream the same text', async () => {
      const body = {
        model: 'smollm2',
        messages: [{ role: 'user' as const, content: 'Name three colours.' }],
        temperature: 0,
        max_tokens: 40,
      };
      const whole = await client.chat.completions.create(body);
      let text = '';
      for await (const chunk of await client.chat.completions.create({ ...body, stream: true }))
        text += chunk.choices[0]?.delta.content ?? '';
      expect(text).toBe(whole.choices[0].message.content);
    });
  },
);
