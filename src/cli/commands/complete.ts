import { Command } from 'commander';
import type { EdgeClient } from '../../local/edge-client.ts';
import { DEFAULT_MODEL } from '../../local/project-paths.ts';
import { contextOption, type EngineOptions, engineOption, engineVars, kvCacheOption, number, persistToOption } from '../options.ts';
import { ProgressBar } from '../printing/progress-bar.ts';
import { StatusLine } from '../printing/status-line.ts';

/** Time between two requests for the progress of loading; the bar is not drawn more often. */
const POLL_MS = 50;
/** Enough for one of the default model's stories, if the context window has room for it. */
const DEFAULT_MAX_TOKENS = 300;

export const completeCommand = new Command('complete')
  .description('complete a prompt in the terminal, streamed through the Worker in workerd')
  .argument('<prompt>', 'text to continue')
  .option('--model <folder>', 'a model folder')
  .option(
    '--max-tokens <n>',
    `tokens to generate at most; default: ${DEFAULT_MAX_TOKENS}, or what is left of the context window`,
    number(1, 2 ** 20),
  )
  .option('--temperature <t>', "0 takes the most probable token; default: the model's", number(0, 2, false))
  .option('--seed <n>', 'the same seed gives the same text', number(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER))
  .addOption(engineOption())
  .addOption(kvCacheOption())
  .addOption(contextOption())
  .addOption(persistToOption())
  .action(complete);

interface CompleteOptions extends EngineOptions {
  model?: string;
  maxTokens?: number;
  temperature?: number;
  seed?: number;
  persistTo: string;
}

/**
 * Completes a prompt through gpt-edge's own Worker in workerd: the text goes to standard output, progress and figures
 * to standard error.
 */
async function complete(prompt: string, options: CompleteOptions): Promise<void> {
  const { EdgeClient } = await import('../../local/edge-client.ts');
  const status = new StatusLine();
  const { worker, id, contextWindow } = await startWorker(options, status).finally(() => status.clear());
  try {
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

/** Starts the Worker. For a model that runs on the edge engine it has no other, and so starts a second sooner. */
async function startWorker({ model, persistTo, ...options }: CompleteOptions, status: StatusLine) {
  status.show('Starting workerd');
  const { openModelFolder } = await import('../../local/model-folder.ts');
  const { planModels } = await import('../../local/plan-models.ts');
  const { startWithModels } = await import('../../local/start-with-models.ts');
  const { ownWorkerConfig } = await import('../../local/worker-config.ts');
  const folder = await openModelFolder(model ?? DEFAULT_MODEL);
  const vars = { PUBLIC: 'true', MODEL_IDS: folder.manifest.id, ...engineVars(options) };
  const [{ planned }] = await planModels([folder], { ...(await ownWorkerConfig()).bindings, ...vars });
  const onBuild = () => status.show('Building the Worker, as its sources are new');
  const worker = await startWithModels([folder], { persistTo, vars, edgeOnly: planned.engine === 'edge', onBuild });
  return { worker, id: folder.manifest.id, contextWindow: planned.contextWindow };
}

/** Shows how much of the model is loaded while `work`, the first request, makes the Worker load it. */
async function withLoadBar<T>(client: EdgeClient, id: string, work: Promise<T>): Promise<T> {
  if (!process.stderr.isTTY) return work;
  const bar = new ProgressBar(`Loading ${id}`);
  let isDone = false;
  const done = work.finally(() => {
    isDone = true;
  });
  done.catch(() => {}); // The error is thrown below, after the bar has been removed.
  while (!isDone) {
    const { load } = await client.model(id).catch(() => ({ load: undefined }));
    if (load) bar.update(load.loaded_bytes, load.total_bytes);
    await Promise.race([done.catch(() => {}), new Promise((resolve) => setTimeout(resolve, POLL_MS))]);
  }
  bar.stop();
  return done;
}

/** Prints the text as it arrives, and returns the line of figures. */
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
