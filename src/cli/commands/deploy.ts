import { Command } from 'commander';
import { GptEdgeError } from '../../core/errors.ts';
import { parsePlace } from '../../engine-object/place-variables.ts';
import { edgeOnlyArguments } from '../../local/build-worker.ts';
import type { ModelFolder } from '../../local/model-folder.ts';
import { WRANGLER_CONFIG } from '../../local/project-paths.ts';
import { runWrangler } from '../../local/run-wrangler.ts';
import { edgeOnlyOption, modelOption, varOption } from '../options.ts';
import { printPlans } from '../print-plans.ts';
import { describeFreePlan } from '../printing/free-plan.ts';
import { printFindings } from '../printing/print-findings.ts';
import { pushWithProgress } from '../push-with-progress.ts';

export const deployCommand = new Command('deploy')
  .description('put models into R2 and deploy the Worker')
  .addOption(modelOption('deploy'))
  .addOption(varOption())
  .addOption(edgeOnlyOption())
  .option('--dry-run', 'print what would be done, without doing it')
  .action(deploy);

interface DeployOptions {
  /** Model folders; the first is the default model. */
  model?: string[];
  var?: Record<string, string>;
  edgeOnly?: boolean;
  dryRun?: boolean;
}

/** One part of a deployment. Its name is printed before it runs, or in its place with `--dry-run`. */
interface DeploymentStage {
  /** An imperative in lower case, such as "create the bucket". */
  name: string;
  run(): Promise<unknown>;
}

/**
 * Creates the bucket and the queues if they are missing, pushes the models, deploys the Worker, and asks it whether they can be served. A model that it would refuse is
 * refused before any of that.
 */
async function deploy({ model: paths = [], var: vars = {}, edgeOnly, dryRun }: DeployOptions): Promise<void> {
  const { wrangler } = await import('../../local/load-tools.ts');
  const { openModelFolders } = await import('../../local/model-folder.ts');
  const { planModels } = await import('../../local/plan-models.ts');
  const folders = await openModelFolders(paths);
  const config = wrangler().unstable_readConfig({ config: WRANGLER_CONFIG });
  const configured = config.vars as Record<string, string>;
  const hasObjects = config.durable_objects.bindings.some(({ class_name }: { class_name?: string }) => class_name === 'EngineObject');
  const allVars = { ...configured, ...vars };
  const plans = await planModels(folders, allVars, edgeOnly);
  await printPlans(plans);
  const { place } = parsePlace(hasObjects ? allVars : { ENGINE_PLACE: 'worker' });
  for (const line of describeFreePlan(plans, place)) console.log(line);
  for (const { name, run } of await stages(folders, vars, edgeOnly)) {
    console.log(dryRun ? `Would ${name}` : `${name[0].toUpperCase()}${name.slice(1)} ...`);
    if (!dryRun) await run();
  }
}

async function stages(folders: readonly ModelFolder[], vars: Record<string, string>, edgeOnly?: boolean): Promise<DeploymentStage[]> {
  const { wrangler } = await import('../../local/load-tools.ts');
  const { withRemoteBucket } = await import('../../local/bucket/remote-bucket.ts');
  const { r2_buckets, queues } = wrangler().unstable_readConfig({ config: WRANGLER_CONFIG });
  const bucket = r2_buckets[0].bucket_name!;
  const queueNames = new Set([...(queues.producers ?? []), ...(queues.consumers ?? [])].map(({ queue }) => queue));
  let printed = '';
  const allVars = Object.entries({ MODEL_IDS: folders.map(({ manifest }) => manifest.id).join(','), ...vars });
  const varArgs = allVars.flatMap(([key, value]) => ['--var', `${key}:${value}`]);
  return [
    { name: `create the bucket ${bucket} if it is missing`, run: () => createIfMissing(['r2', 'bucket'], bucket) },
    ...[...queueNames].map((queue) => ({
      name: `create the queue ${queue} if it is missing`,
      run: () => createIfMissing(['queues'], queue),
    })),
    ...folders.map((folder) => ({
      name: `push the changed files of ${folder.manifest.id}`,
      run: () => withRemoteBucket((models) => pushWithProgress(folder, models)),
    })),
    {
      name: `deploy the Worker${edgeOnly ? ', without onnxruntime-web,' : ''} with ${allVars.map((pair) => pair.join('=')).join(' ')}`,
      run: async () => {
        printed = await runWrangler(['deploy', ...varArgs, ...(edgeOnly ? edgeOnlyArguments() : [])]);
        console.log(printed);
      },
    },
    { name: 'ask the deployment whether its models can be served', run: () => reportReady(printed) },
  ];
}

/** Prints whether the models can be served. A deployment that has no address of its own is not asked. */
async function reportReady(printed: string): Promise<void> {
  const { deployedOrigin, waitUntilReady } = await import('../../local/doctor/check-ready.ts');
  const origin = deployedOrigin(printed);
  if (origin === undefined) console.log('wrangler has named no address to ask at.');
  else printFindings(await waitUntilReady(origin, process.env.OPERATOR_KEY));
}

/**
 * Only the words of wrangler's message tell a missing bucket or queue from a missing login.
 * @param kind the words of wrangler's commands for it
 */
async function createIfMissing(kind: readonly string[], name: string): Promise<void> {
  try {
    await runWrangler([...kind, 'info', name]);
  } catch (error) {
    if (!(error instanceof GptEdgeError) || !/does not exist|not found|10006/i.test(error.message)) throw error;
    await runWrangler([...kind, 'create', name]);
  }
}
