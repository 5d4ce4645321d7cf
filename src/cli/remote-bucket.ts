import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getPlatformProxy, unstable_readConfig as readConfig } from 'wrangler';
import type { Bucket } from './bucket.ts';
import { WRANGLER_CONFIG } from './project-paths.ts';

/**
 * Does something with the real bucket behind the binding MODELS, as the user that wrangler is logged in as. A remote
 * binding is the one way in that keeps `customMetadata` and multipart uploads.
 */
export async function withRemoteBucket<T>(use: (bucket: Bucket) => Promise<T>): Promise<T> {
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
    const proxy = await getPlatformProxy<{ MODELS: Bucket }>({ configPath, persist: false, remoteBindings: true });
    try {
      return await use(proxy.env.MODELS);
    } finally {
      await proxy.dispose();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
