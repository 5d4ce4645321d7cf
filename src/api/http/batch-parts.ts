import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { BatchService } from '../../batch/batch-service.ts';
import { GptEdgeError } from '../../core/errors.ts';
import type { AppEnv } from './app-env.ts';

/** What files and batches need. */
export interface BatchParts {
  service: BatchService;
  /**
   * Whether requests without a key have files and batches, which are then everyone's: for a Worker that only its user
   * can reach.
   */
  servesNobody: boolean;
}

/** Whose files and batches a request is about. @throws GptEdgeError `unauthorized` */
export function ownerOf(c: Context<AppEnv>, { servesNobody }: BatchParts): string {
  const { owner } = c.var.grant;
  if (owner !== 'nobody' || servesNobody) return owner;
  throw new GptEdgeError('unauthorized', 'Files and batches belong to a key: send one as Authorization: Bearer <key>.');
}

/** Says at their paths what a deployment without batches lacks. */
export function withoutBatches(app: OpenAPIHono<AppEnv>): void {
  for (const path of ['/v1/files', '/v1/files/*', '/v1/batches', '/v1/batches/*'])
    app.all(path, () => {
      throw new GptEdgeError(
        'not_configured',
        'This deployment has no files and batches. They need the bindings BATCHES, of the class BatchObject, and BATCH_QUEUE, of a queue.',
      );
    });
}
