import { Command } from 'commander';
import { DEFAULT_MODEL, OWN_PROJECT, PROJECT } from '../../local/project-paths.ts';
import {
  contextOption,
  type EngineOptions,
  edgeOnlyOption,
  engineOption,
  engineVars,
  kvCacheOption,
  modelOption,
  modelsOption,
  number,
  persistToOption,
  varOption,
} from '../options.ts';
import { printPlans } from '../print-plans.ts';
import { StatusLine } from '../printing/status-line.ts';
import { pushWithProgress } from '../push-with-progress.ts';

const DEFAULT_PORT = 8787;

export const startCommand = new Command('start')
  .description('serve models from the Worker in workerd')
  .option('--port <n>', 'port to listen on', number(1, 65535), DEFAULT_PORT)
  .addOption(modelOption('serve'))
  .addOption(modelsOption())
  .addOption(edgeOnlyOption())
  .addOption(engineOption())
  .addOption(kvCacheOption())
  .addOption(contextOption())
  .addOption(varOption())
  .addOption(persistToOption())
  .action(start);

interface StartOptions extends EngineOptions {
  port: number;
  /** Model folders; the first is the default model. */
  model?: string[];
  /** The folder of added models, which are served if no model is named. */
  models: string;
  edgeOnly?: boolean;
  var?: Record<string, string>;
  persistTo: string;
}

/**
 * Serves model folders from the project's Worker in workerd, and prints how to call it. Miniflare keeps the process
 * alive, and stops workerd when it is interrupted.
 */
async function start(options: StartOptions): Promise<void> {
  const { openModelFolders } = await import('../../local/model-folder.ts');
  const { planModels } = await import('../../local/plan-models.ts');
  const { startWithModels } = await import('../../local/start-with-models.ts');
  const { workerConfig } = await import('../../local/worker-config.ts');
  const { announceOperator, temporaryOperatorKey } = await import('../../local/operator-access.ts');
  const { addedModels } = await import('../../local/models-folder.ts');
  const { port, edgeOnly, persistTo } = options;
  const paths = options.model ?? [DEFAULT_MODEL, ...(await addedModels(options.models))];
  const folders = await openModelFolders(paths);
  const ids = folders.map(({ manifest }) => manifest.id);
  const { bindings } = await workerConfig(PROJECT);
  const OPERATOR_KEY = bindings.OPERATOR_KEY || temporaryOperatorKey();
  const vars = { PUBLIC: 'true', OPERATOR_KEY, MODEL_IDS: ids.join(','), ...engineVars(options), ...options.var };
  const plans = await planModels(folders, { ...bindings, ...vars }, edgeOnly);
  const status = new StatusLine();
  const push = async (...pushed: Parameters<typeof pushWithProgress>) => {
    status.clear();
    await pushWithProgress(...pushed);
    status.show('Starting workerd');
  };
  const onBuild = () => status.show('Building the Worker');
  const worker = await startWithModels(folders, { port, persistTo, edgeOnly, vars, logRequests: true, project: PROJECT, push, onBuild });
  await announceOperator(persistTo, worker.url.origin, vars.OPERATOR_KEY);
  status.clear();
  await printPlans(plans);
  console.log(await greeting(worker.url.origin, ids[0], edgeOnly));
}

/** Says where the model is served, with a curl line that works there. */
async function greeting(origin: string, id: string, edgeOnly?: boolean): Promise<string> {
  if (PROJECT === OWN_PROJECT)
    return `\ngpt-edge serves ${id} at ${origin}, inside workerd. Open that address in a browser, or try:\n\n${curlLine(origin)}\n\n${END}`;
  const { bundleFolder } = await import('../../local/build-worker.ts');
  const { findRoutes } = await import('../../local/find-routes.ts');
  const path = await findRoutes(origin, bundleFolder({ edgeOnly }, PROJECT));
  if (path === undefined)
    return (
      `\nThis project's Worker, an app of its own, answers at ${origin}, inside workerd. gpt-edge's routes were not found in it: they are below the path ` +
      `where the app mounts them, such as ${origin}/<path>/v1/completions.\n\n${END}`
    );
  return `\nThis project's Worker, an app of its own, serves ${id} at ${origin}${path}, inside workerd. Try:\n\n${curlLine(origin + path)}\n\n${END}`;
}

const END = 'Ctrl+C stops it.';

const curlLine = (base: string) => `curl -N ${base}/v1/completions -H 'content-type: application/json' \\
  -d '{"prompt": "Once upon a time", "max_tokens": 100, "stream": true}'`;
