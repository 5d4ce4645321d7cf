import type { Bucket } from './bucket.ts';
import type { UnfinishedUploads } from './unfinished-uploads.ts';

/** A bucket, and the memory of uploads to it that were interrupted. */
export interface ModelBucket {
  bucket: Bucket;
  uploads: UnfinishedUploads;
}
