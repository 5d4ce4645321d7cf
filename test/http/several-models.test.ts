import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../bench/worker/free-port.ts';
import { Inspector } from '../../bench/worker/inspector.ts';
import { wasmBytes } from '../../bench/worker/measure-memory.ts';
import type { Completion } from '../../src/api/openai/schemas/completion-schema.ts';
import type { LocalWorker } from '../../src/local/local-worker.ts';
import { DEFAULT_MODEL } from '../../src/local/project-paths.ts';
import { serveModels } from '../../src/local/serve-models.ts';

const IDS = ['first', 'second'];
/** The default model needs 24 MB alone, and two of it 38. */
const LIMIT = '30';

describe('two models that do not fit into one isolate', () => {
  let folder: string;
  let worker: LocalWorker;
  let inspector: Inspector;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gpt-edge-several-'));
    const models = await Promise.all(IDS.map(copyOfDefaultModel));
    const inspectorPort = await freePort();
    worker = await serveModels({ models, inspectorPort, vars: { MEMORY_LIMIT_MB: LIMIT, KV_CACHE: 'f32' } });
    inspector = await Inspector.connect(inspectorPort);
  });
  afterAll(async () => {
    inspector?.close();
    await worker?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function copyOfDefaultModel(id: string): Promise<string> {
    const path = join(folder, id);
    await cp(DEFAULT_MODEL, path, { recursive: true });
    const manifest = JSON.parse(await readFile(join(path, 'manifest.json'), 'utf8'));
    await writeFile(join(path, 'manifest.json'), JSON.stringify({ ...manifest, id }));
    return path;
  }

  const complete = (model: string, rest: object) =>
    fetch(new URL('/v1/completions', worker.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, prompt: 'Once upon a time', temperature: 0, logit_bias: { 0: -100 }, ...rest }),
    });
  const textOf = async (answer: Response) => ((await answer.json()) as Completion).choices[0].text;

  it('should take turns, and really free the memory of the one that is unloaded', async () => {
    const texts = new Set<string>();
    const megabytes: number[] = [];
    for (const id of [...IDS, ...IDS]) {
      texts.add(await textOf(await complete(id, { max_tokens: 400 })));
      // This search collects all garbage first.
      megabytes.push((await wasmBytes(inspector)) / 1e6);
    }
    expect(texts.size).toBe(1);
    for (const size of megabytes) expect(Math.abs(size - megabytes[0]), megabytes.join()).toBeLessThan(0.1);
    expect(megabytes[0]).toBeLessThan(Number(LIMIT));
  });

  it('should wait for one another, and give every caller the text of a lone run', async () => {
    const lone = await textOf(await complete('first', { max_tokens: 60 }));
    const answers = await Promise.all(Array.from({ length: 8 }, (_, index) => complete(IDS[index % 2], { max_tokens: 60 })));
    expect(answers.map(({ status }) => status)).toEqual(new Array(8).fill(200));
    expect(new Set(await Promise.all(answers.map(textOf)))).toEqual(new Set([lone]));
  });

  it('should be free for one another when clients have left', async () => {
    for (const id of [...IDS, ...IDS]) {
      const leaving = new AbortController();
      const answer = await fetch(new URL('/v1/completions', worker.url), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: id, prompt: 'Once', max_tokens: 400, stream: true, logit_bias: { 0: -100 } }),
        signal: leaving.signal,
      });
      expect(answer.status).toBe(200);
      await answer.body!.getReader().read();
      leaving.abort();
    }
  });
});
