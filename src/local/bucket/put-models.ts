import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Miniflare } from 'miniflare';
import { openModelFolders } from '../model-folder.ts';
import type { Bucket } from './bucket.ts';
import { pushModel } from './push-model.ts';
import { UnfinishedUploads } from './unfinished-uploads.ts';

/**
 * Pushes model folders to the bucket of the Worker named `gpt-edge` in your own Miniflare, which `localWorkerOptions`
 * describes. Call it once Miniflare is made and before the first request.
 * @param miniflare an instance whose Worker `gpt-edge` has the R2 binding `MODELS`
 * @param models paths of model folders @default the model that comes with gpt-edge
 * @throws GptEdgeError `invalid_file` if a folder is not a model folder or is damaged; `invalid_value` if two models
 * have the same id
 * @example
 * const edge = await localWorkerOptions({ vars: { PUBLIC: 'true' } });
 * const miniflare = new Miniflare(convertV4MiniflareOptions({ workers: [myWorker, edge] }));
 * await putModels(miniflare);
 */
export async function putModels(miniflare: Miniflare, models: readonly string[] = []): Promise<void> {
  const bucket = (await miniflare.getR2Bucket('MODELS', 'gpt-edge')) as unknown as Bucket;
  const folder = await mkdtemp(join(tmpdir(), 'gpt-edge-uploads-'));
  try {
    const uploads = new UnfinishedUploads(join(folder, 'uploads.json'));
    for (const model of await openModelFolders(models)) await pushModel(model, { bucket, uploads });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
