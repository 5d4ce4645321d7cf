import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { AccessService } from '../../access/access-service.ts';
import { asked } from '../../access/grant.ts';
import { keyOptionsSchema } from '../../access/keys/key-record.ts';
import { GptEdgeError } from '../../core/errors.ts';
import type { AppEnv } from '../http/app-env.ts';
import { invalidRequest } from '../http/errors.ts';
import { jsonBody, readJson } from '../http/json-body.ts';
import { keyWireSchema, rotationSchema, toKeyOptions, toWireKey } from './key-schema.ts';

/**
 * The operator's routes: keys, and what was counted. `checkAccess` lets only the operator's key through to them, so
 * nothing is checked here. They are no part of `/openapi.json`, which is for callers.
 * @param service called for each request
 */
export function operatorRoutes(app: OpenAPIHono<AppEnv>, service: () => AccessService): void {
  app.get('/operator/keys', async (c) => {
    const keys = await asked(() => service().listKeys());
    return c.json({ object: 'list', data: keys.map(toWireKey) });
  });
  app.post('/operator/keys', jsonBody, async (c) => {
    const options = check(keyOptionsSchema, toKeyOptions(check(keyWireSchema, await readJson(c))));
    // It is asked once: of two keys that come of two attempts, one would be nobody's.
    const created = await service().createKey(options);
    if ('fault' in created) throw new GptEdgeError('invalid_value', created.fault);
    return c.json({ key: created.key, ...toWireKey(created.summary) }, 201);
  });
  app.post('/operator/keys/:id/rotate', jsonBody, async (c) => {
    const { grace_seconds } = check(rotationSchema, await readJson(c));
    const rotated = await service().rotateKey(c.req.param('id'), grace_seconds);
    if (rotated === undefined) throw noKey(c);
    return c.json({ key: rotated.key, ...toWireKey(rotated.summary) });
  });
  app.delete('/operator/keys/:id', async (c) => {
    const revoked = await asked(() => service().revokeKey(c.req.param('id')));
    if (revoked === undefined) throw noKey(c);
    return c.json(toWireKey(revoked));
  });
  app.get('/metrics', async (c) => c.text(await asked(() => service().metrics()), 200, { 'content-type': 'text/plain; version=0.0.4' }));
}

interface Schema<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false; error: Parameters<typeof invalidRequest>[0] };
}

function check<T>(schema: Schema<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw invalidRequest(parsed.error);
  return parsed.data;
}

const noKey = (c: Context) =>
  new GptEdgeError('key_not_found', `There is no live key ${c.req.param('id')?.slice(0, 32)}.`, { param: 'id' });
