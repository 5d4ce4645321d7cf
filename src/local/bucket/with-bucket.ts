import type { ModelBucket } from './bucket.ts';
import { withLocalBucket } from './local-bucket.ts';
import { withRemoteBucket } from './remote-bucket.ts';

/** Which bucket: the real one, or the one in a folder of local state. */
export interface BucketChoice {
  remote?: boolean;
  persistTo: string;
}

/** Calls `use` with that bucket. @throws GptEdgeError as `withRemoteBucket` */
export function withBucket<T>({ remote, persistTo }: BucketChoice, use: (models: ModelBucket) => Promise<T>): Promise<T> {
  return remote ? withRemoteBucket(use) : withLocalBucket(persistTo, use);
}
