import { pushModel } from '../../local/bucket/push-model.ts';
import { startLocalWorker } from '../../local/local-worker.ts';
import { openModelFolder } from '../../local/model-folder.ts';
import { DEFAULT_MODEL } from '../../local/project-paths.ts';
import { EdgeClient } from '../edge-client.ts';
import { engineVars } from '../engine-vars.ts';
import { ProgressBar } from '../printing/progress-bar.ts';

/** Between two looks at how far a load is; the bar draws no faster. */
const POLL_MS = 50;
/** Enough for one of the default model's stories, where the window has room for it. */
const DEFAULT_MAX_TOKENS = 300;

export interface CompleteOptions {
  model?: string;
  engine?: string;
  kvCache?: string;
  maxTokens?: number;
  temperature?: number;
  seed?: number;
  persistTo: string;
}

/** One completion through the Worker in workerd: its text on standard output, progress and figures on standard error. */
export async function complete(prompt: string, options: CompleteOptions): Promise<void> {
  const folder = await openModelFolder(options.model ?? DEFAULT_MODEL);
  const { id, contextWindow } = folder.manifest;
  const worker = await startLocalWorker({ persistTo: options.persistTo, vars: { PUBLIC: 'true', MODEL_IDS: id, ...engineVars(options) } });
  try {
    await pushModel(folder, worker.models);
    const client = new EdgeClient(worker.url.origin);
    const loadStarted = performance.now();
    const promptTokens = await withLoadBar(client, id, client.countTokens(prompt));
    const loadSeconds = (performance.now() - loadStarted) / 1000;
    const max_tokens = options.maxTokens ?? Math.max(1, Math.min(DEFAULT_MAX_TOKENS, contextWindow - promptTokens));
    const { temperature, seed } = options;
    console.error(await print(client.complete({ prompt, max_tokens, temperature, seed, echo: true }), loadSeconds));
  } finally {
    await worker.stop();
  }
}

/** Shows how far the model is while `work`, which loads it, is under way. */
async function withLoadBar<T>(client: EdgeClient, id: string, work: Promise<T>): Promise<T> {
  const bar = new ProgressBar(`Loading ${id}`);
  let isDone = false;
  const done = work.finally(() => {
    isDone = true;
  });
  done.catch(() => {}); // thrown below, once the bar is gone
  while (!isDone) {
    const { load } = await client.model(id).catch(() => ({ load: undefined }));
    if (load) bar.update(load.loaded_bytes, load.total_bytes);
    await Promise.race([done.catch(() => {}), new Promise((resolve) => setTimeout(resolve, POLL_MS))]);
  }
  bar.stop();
  return done;
}

/** Prints the text as it comes, and returns the line of figures. */
async function print(chunks: ReturnType<EdgeClient['complete']>, loadSeconds: number): Promise<string> {
  const started = performance.now();
  let finishReason = '';
  let usage = { prompt_tokens: 0, completion_tokens: 0 };
  for await (const { choices, usage: counted } of chunks) {
    for (const { text, finish_reason } of choices) {
      process.stdout.write(text);
      finishReason = finish_reason ?? finishReason;
    }
    usage = counted ?? usage;
  }
  process.stdout.write('\n');
  const rate = usage.completion_tokens / ((performance.now() - started) / 1000);
  return [
    `${usage.prompt_tokens} prompt tokens`,
    `${usage.completion_tokens} completion tokens`,
    `finish reason ${finishReason}`,
    `${rate.toFixed(1)} tokens/s`,
    `loaded in ${loadSeconds.toFixed(2)} s`,
  ].join(', ');
}
