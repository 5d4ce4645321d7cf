import { Command } from 'commander';
import { edgeOnlyOption, engineOption, engineVars, kvCacheOption, modelOption, number, persistToOption, varOption } from '../options.ts';
import { pushWithProgress } from '../push-with-progress.ts';

const DEFAULT_PORT = 8787;

export const startCommand = new Command('start')
  .description('serve models from the Worker in workerd')
  .option('--port <n>', 'port to listen on', number(1, 65535), DEFAULT_PORT)
  .addOption(modelOption('serve'))
  .addOption(edgeOnlyOption())
  .addOption(engineOption())
  .addOption(kvCacheOption())
  .addOption(varOption())
  .addOption(persistToOption())
  .action(start);

interface StartOptions {
  port: number;
  /** Model folders; the first is the default model. */
  model: string[];
  engine?: string;
  kvCache?: string;
  edgeOnly?: boolean;
  var: Record<string, string>;
  persistTo: string;
}

/**
 * Serves model folders from the Worker in workerd. Miniflare keeps the process alive, and stops workerd when it is
 * interrupted.
 */
async function start(options: StartOptions): Promise<void> {
  const { startLocalWorker } = await import('../../local/local-worker.ts');
  const { openModelFolders } = await import('../../local/model-folder.ts');
  const { port, model: paths, edgeOnly, var: vars, persistTo } = options;
  const folders = await openModelFolders(paths);
  const ids = folders.map(({ manifest }) => manifest.id);
  const worker = await startLocalWorker({
    port,
    persistTo,
    edgeOnly,
    vars: { PUBLIC: 'true', MODEL_IDS: ids.join(','), ...engineVars(options), ...vars },
    logRequests: true,
  });
  for (const folder of folders) await pushWithProgress(folder, worker.models);
  console.log(greeting(worker.url.origin, ids[0]));
}

const greeting = (origin: string, id: string) => `
gpt-edge serves ${id} at ${origin}, inside workerd. Open that address in a browser, or try:

curl -N ${origin}/v1/completions -H 'content-type: application/json' \\
  -d '{"prompt": "Once upon a time", "max_tokens": 100, "stream": true}'

Ctrl+C stops it.`;
