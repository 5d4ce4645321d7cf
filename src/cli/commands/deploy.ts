import { unstable_readConfig as readConfig } from 'wrangler';
import { GptEdgeError } from '../../core/errors.ts';
import { withRemoteBucket } from '../../local/bucket/remote-bucket.ts';
import { edgeOnlyArguments } from '../../local/build-worker.ts';
import { type ModelFolder, openModelFolders } from '../../local/model-folder.ts';
import { WRANGLER_CONFIG } from '../../local/project-paths.ts';
import { runWrangler } from '../../local/run-wrangler.ts';
import { uploadModel } from '../upload-model.ts';

export interface DeployOptions {
  /** Model folders; the first is the default model. */
  model: string[];
  var: Record<string, string>;
  edgeOnly?: boolean;
  dryRun?: boolean;
}

interface Step {
  name: string;
  run(): Promise<unknown>;
}

/** Creates the bucket if it is missing, uploads what has changed, deploys the Worker. */
export async function deploy({ model: paths, var: vars, edgeOnly, dryRun }: DeployOptions): Promise<void> {
  const folders = await openModelFolders(paths);
  for (const { name, run } of steps(folders, vars, edgeOnly)) {
    console.log(dryRun ? `Would ${name}` : `${name[0].toUpperCase()}${name.slice(1)} ...`);
    if (!dryRun) await run();
  }
}

function steps(folders: readonly ModelFolder[], vars: Record<string, string>, edgeOnly?: boolean): Step[] {
  const bucket = readConfig({ config: WRANGLER_CONFIG }).r2_buckets[0].bucket_name!;
  const allVars = Object.entries({ MODEL_IDS: folders.map(({ manifest }) => manifest.id).join(','), ...vars });
  const varArgs = allVars.flatMap(([key, value]) => ['--var', `${key}:${value}`]);
  return [
    { name: `create the bucket ${bucket} if it is missing`, run: () => createBucketIfMissing(bucket) },
    ...folders.map((folder) => ({
      name: `upload what has changed of ${folder.manifest.id}`,
      run: () => withRemoteBucket((models) => uploadModel(folder, models)),
    })),
    {
      name: `deploy the Worker${edgeOnly ? ', without onnxruntime-web,' : ''} with ${allVars.map((pair) => pair.join('=')).join(' ')}`,
      run: async () => console.log(await runWrangler(['deploy', ...varArgs, ...(edgeOnly ? edgeOnlyArguments() : [])])),
    },
  ];
}

/** wrangler tells a missing bucket from a missing login in words only. */
async function createBucketIfMissing(bucket: string): Promise<void> {
  try {
    await runWrangler(['r2', 'bucket', 'info', bucket]);
  } catch (error) {
    if (!(error instanceof GptEdgeError) || !/does not exist|not found|10006/i.test(error.message)) throw error;
    await runWrangler(['r2', 'bucket', 'create', bucket]);
  }
}
