import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convertModel } from '../../../src/convert/convert-model.ts';
import type { LocalWorker } from '../../../src/local/local-worker.ts';
import { PROJECT } from '../../../src/local/project-paths.ts';
import { serveModels } from '../../../src/local/serve-models.ts';

/** The Python on the path, or another one that PYTHON names, such as a virtual environment's. */
const PYTHON = process.env.PYTHON ?? 'python3';
const SCRIPT = join(import.meta.dirname, 'run.py');
const MODELS = ['tiny-gpt2', 'tiny-gpt-neo', 'tiny-llama'];
const TEMPLATE =
  '{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}';

const run = promisify(execFile);
const isInstalled = await run(PYTHON, ['-c', 'import aiohttp, lm_eval, torch, transformers']).then(
  () => true,
  () => false,
);
if (!isInstalled) console.warn(`Skipped: ${PYTHON} has no lm_eval. "pip install lm-eval[api,hf]" brings it, PYTHON names another Python.`);

interface Evaluated {
  readonly scores: Record<string, Record<string, number>>;
  /** By task: for each document, what the model answered to each of its requests. */
  readonly answers: Record<string, unknown[][]>;
}
type Results = Record<string, Record<'hf' | 'completions' | 'hf_chat' | 'chat', Evaluated>>;

/** Log-probabilities of a few tokens are added up, each of which may be 5e-5 off. */
const TOLERANCE = 3e-4;

/** Answers are the same texts, or the same choices with almost the same log-probabilities. */
function expectSame(actual: unknown, expected: unknown, where: string): void {
  if (typeof expected === 'object' && expected !== null) {
    expect(Object.keys(actual as object), where).toEqual(Object.keys(expected));
    for (const [key, part] of Object.entries(expected)) expectSame((actual as typeof expected)[key as never], part, `${where} ${key}`);
  } else if (typeof expected === 'number') expect(Math.abs((actual as number) - expected), where).toBeLessThan(TOLERANCE);
  else expect(actual, where).toEqual(expected);
}

describe.skipIf(!isInstalled)('lm-evaluation-harness', () => {
  let folder: string;
  let worker: LocalWorker;
  let results: Results;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gpt-edge-lm-eval-'));
    for (const id of MODELS) {
      const checkpoint = join(folder, 'checkpoints', id);
      await cp(join(PROJECT, 'test', 'golden', id), checkpoint, { recursive: true });
      const config = join(checkpoint, 'tokenizer_config.json');
      await writeFile(config, JSON.stringify({ ...JSON.parse(await readFile(config, 'utf8')), chat_template: TEMPLATE }));
      await convertModel({ source: checkpoint, target: join(folder, id), id, dtype: 'fp32' });
    }
    worker = await serveModels({ models: MODELS.map((id) => join(folder, id)) });
    const models = Object.fromEntries(MODELS.map((id) => [id, join(folder, 'checkpoints', id)]));
    const asked = JSON.stringify({ url: worker.url.origin, models, window: 96 });
    const env = { ...process.env, HF_HUB_OFFLINE: '1', HF_DATASETS_CACHE: join(folder, 'cache'), TOKENIZERS_PARALLELISM: 'false' };
    const { stdout } = await run(PYTHON, [SCRIPT, asked], { cwd: PROJECT, env, maxBuffer: 2 ** 26 });
    results = JSON.parse(stdout.trimEnd().split('\n').at(-1)!);
  }, 600_000);
  afterAll(async () => {
    await worker?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it.each(MODELS)('should score %s through local-completions as its own backend does', (model) => {
    const { hf, completions } = results[model];
    expect(Object.keys(hf.answers).sort()).toEqual(['edge_continue', 'edge_lines', 'edge_words']);
    expect(hf.answers.edge_words).toHaveLength(24);
    for (const [task, scores] of Object.entries(hf.scores))
      for (const [name, score] of Object.entries(scores))
        expect(Math.abs(completions.scores[task][name] - score), `${task} ${name}`).toBeLessThan(TOLERANCE * Math.max(1, score));
    expectSame(completions.answers, hf.answers, model);
  });

  it.each(MODELS)('should continue chats with %s through local-chat-completions as its own backend does', (model) => {
    const { hf_chat, chat } = results[model];
    expect(chat.answers).toEqual(hf_chat.answers);
    expect(chat.scores).toEqual(hf_chat.scores);
  });
});
