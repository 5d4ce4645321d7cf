import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getPlatformProxy, unstable_readConfig as readConfig } from 'wrangler';
import { GptEdgeError } from '../../core/errors.ts';
import { PROJECT, WRANGLER_CONFIG } from '../project-paths.ts';
import type { Bucket, ModelBucket } from './bucket.ts';
import { UnfinishedUploads } from './unfinished-uploads.ts';

/**
 * Calls `use` with the real bucket of the binding MODELS, as the user that wrangler is logged in as. It goes through
 * a remote binding, because that is the only access that keeps `customMetadata` and multipart uploads.
 * @throws GptEdgeError `command_failed` if the bucket cannot be reached
 */
export async function withRemoteBucket<T>(use: (models: ModelBucket) => Promise<T>): Promise<T> {
  const { name, compatibility_date, r2_buckets } = readConfig({ config: WRANGLER_CONFIG });
  const folder = await mkdtemp(join(tmpdir(), 'gpt-edge-'));
  try {
    const remote = r2_buckets.map((bucket: { binding: string; bucket_name?: string }) => ({
      binding: bucket.binding,
      bucket_name: bucket.bucket_name,
      remote: true,
    }));
    const configPath = join(folder, 'wrangler.json');
    await writeFile(configPath, JSON.stringify({ name, compatibility_date, r2_buckets: remote }));
    const proxy = await connect(configPath);
    try {
      return await use({ bucket: proxy.env.MODELS, uploads: new UnfinishedUploads(join(PROJECT, '.wrangler', 'gpt-edge-uploads.json')) });
    } finally {
      await proxy.dispose();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function connect(configPath: string) {
  try {
    return await getPlatformProxy<{ MODELS: Bucket }>({ configPath, persist: false, remoteBindings: true });
  } catch (cause) {
    throw new GptEdgeError('command_failed', `The bucket cannot be reached: ${(cause as Error).message}`, { cause });
  }
}
