import { join } from 'node:path';
import type { Miniflare } from 'miniflare';
import { withFileLock } from '../file-lock.ts';
import { miniflare as loadMiniflare } from '../load-tools.ts';
import { PROJECT } from '../project-paths.ts';
import { workerConfig } from '../worker-config.ts';
import type { Bucket, ModelBucket } from './bucket.ts';
import { UnfinishedUploads } from './unfinished-uploads.ts';

/**
 * The bucket that a running Miniflare has under the binding MODELS.
 * @param persistTo folder in which Miniflare keeps the bucket; the record of interrupted uploads lies beside it
 */
export async function localBucket(miniflare: Miniflare, persistTo: string): Promise<ModelBucket> {
  const bucket = (await miniflare.getR2Bucket('MODELS')) as unknown as Bucket;
  return { bucket, uploads: new UnfinishedUploads(join(persistTo, 'gpt-edge-uploads.json')) };
}

/**
 * Calls `use` with the local bucket in the folder `persistTo`. The Worker need not run; if one runs on the same
 * folder, it sees the changes immediately.
 */
export function withLocalBucket<T>(persistTo: string, use: (models: ModelBucket) => Promise<T>): Promise<T> {
  return withStateLock(persistTo, () => withLockedBucket(persistTo, use));
}

/**
 * Calls `use` while no other process writes into the local bucket. The bucket is a database that refuses a second
 * writer, and also a second process while it is made.
 */
export function withStateLock<T>(persistTo: string, use: () => Promise<T>): Promise<T> {
  return withFileLock(join(persistTo, 'gpt-edge.lock'), use);
}

/** As {@link withLocalBucket}, for a caller that has the lock already. */
export async function withLockedBucket<T>(persistTo: string, use: (models: ModelBucket) => Promise<T>): Promise<T> {
  const { compatibilityDate, r2Buckets } = await workerConfig(PROJECT);
  const resourcePersistencePath = join(persistTo, 'v3');
  const script = 'export default { fetch: () => new Response(null, { status: 404 }) }';
  const { convertV4MiniflareOptions, Miniflare } = loadMiniflare();
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({ modules: true, script, compatibilityDate, r2Buckets, resourcePersistencePath, cf: false }),
  );
  try {
    return await use(await localBucket(miniflare, persistTo));
  } finally {
    await miniflare.dispose();
  }
}
