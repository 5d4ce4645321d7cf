import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Miniflare } from 'miniflare';
import { openModelFolders } from '../model-folder.ts';
import type { Bucket } from './bucket.ts';
import { pushModel } from './push-model.ts';
import { UnfinishedUploads } from './unfinished-uploads.ts';

/**
 * Puts model folders into the bucket of the Worker `gpt-edge` of a Miniflare of one's own.
 * @param models folders; the model that comes with gpt-edge where there are none
 * @throws GptEdgeError `invalid_file` for a folder that is no model
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
