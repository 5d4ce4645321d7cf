import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Completion } from '../../src/api/openai/schemas/completion-schema.ts';
import { convertModel } from '../../src/convert/convert-model.ts';
import { pushModel } from '../../src/local/bucket/push-model.ts';
import { type LocalWorker, startLocalWorker } from '../../src/local/local-worker.ts';
import { openModelFolder } from '../../src/local/model-folder.ts';
import { PROJECT } from '../../src/local/project-paths.ts';

/** Hugging Face transformers in float32; see test/golden/README.md. */
interface Reference {
  sequences: { ids: number[]; prompt_logprobs: (number | null)[]; greedy_ids: number[] }[];
}

const GOLDEN = join(PROJECT, 'test', 'golden');
const checkpoints = (await readdir(GOLDEN)).filter((name) => name.startsWith('tiny-'));

describe.each(['auto', 'ort'])('small checkpoints of every family, converted, in the Worker, with the engine %s', (engine) => {
  let folder: string;
  let worker: LocalWorker;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gpt-edge-families-'));
    // The published graph asks for int8 activations, and the edge engine uses them, so its scores are not close to the
    // reference. A test in test/convert compares them with margins; here onnxruntime-web runs the graph.
    const vars = { PUBLIC: 'true', MODEL_IDS: checkpoints.join(','), ENGINE: `${engine},tiny-llama-genai=ort` };
    worker = await startLocalWorker({ persistTo: join(folder, 'state'), vars });
    for (const id of checkpoints) {
      const isPublished = (await readdir(join(GOLDEN, id))).includes('model.onnx');
      // A published graph must stay as it is. The weights of the LLaMA checkpoints are exact in float16.
      const dtype = isPublished ? undefined : id.startsWith('tiny-llama') ? 'fp16' : 'fp32';
      await convertModel({ source: join(GOLDEN, id), target: join(folder, id), id, dtype });
      await pushModel(await openModelFolder(join(folder, id)), worker.models);
    }
  });
  afterAll(async () => {
    await worker.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function post<T>(path: string, body: object): Promise<T> {
    const answer = await fetch(new URL(path, worker.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json() as Promise<T>;
  }

  it.each(checkpoints)('should score and continue like transformers: %s', async (model) => {
    const { sequences } = JSON.parse(await readFile(join(GOLDEN, model, 'reference.json'), 'utf8')) as Reference;
    for (const { ids, prompt_logprobs, greedy_ids } of sequences) {
      const request = { model, prompt: ids, max_tokens: greedy_ids.length, temperature: 0, echo: true, logprobs: 0 };
      const { text, logprobs } = (await post<Completion>('/v1/completions', request)).choices[0];
      const scores = logprobs!.token_logprobs.slice(0, ids.length);
      expect(scores[0]).toBeNull();
      for (const [index, score] of scores.entries()) if (index > 0) expect(score).toBeCloseTo(prompt_logprobs[index]!, 3);
      const { prompt } = await post<{ prompt: string }>('/detokenize', { model, tokens: [...ids, ...greedy_ids] });
      expect(text).toBe(prompt);
    }
  });
});
