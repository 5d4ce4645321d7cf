import { join } from 'node:path';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { unstable_getMiniflareWorkerOptions as workerOptionsOf } from 'wrangler';
import { WRANGLER_CONFIG } from '../project-paths.ts';
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
export async function withLocalBucket<T>(persistTo: string, use: (models: ModelBucket) => Promise<T>): Promise<T> {
  const { workerOptions } = workerOptionsOf(WRANGLER_CONFIG);
  const compatibilityDate = workerOptions.compatibilityDate as string;
  const r2Buckets = workerOptions.r2Buckets as Record<string, { id: string }>;
  const resourcePersistencePath = join(persistTo, 'v3');
  const script = 'export default { fetch: () => new Response(null, { status: 404 }) }';
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({ modules: true, script, compatibilityDate, r2Buckets, resourcePersistencePath, cf: false }),
  );
  try {
    return await use(await localBucket(miniflare, persistTo));
  } finally {
    await miniflare.dispose();
  }
}
