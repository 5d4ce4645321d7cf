import { env } from 'cloudflare:workers';
import { expect, it, vi } from 'vitest';
import worker from '../../src/worker.ts';
import { errorOf } from './access/access-app.ts';

it('should be told to whoever asks a deployment that has it, and be mended by the next deployment', async () => {
  const log = vi.spyOn(console, 'error').mockReturnValue();
  const context = { waitUntil: () => {}, passThroughOnException: () => {} } as unknown as ExecutionContext;
  const ask = (vars: object) => worker.fetch(new Request('http://edge/health') as never, { ...env, ...vars } as never, context);
  expect(await errorOf(await ask({ MAX_WORK: 'a lot' }))).toMatchObject({
    status: 501,
    code: 'not_configured',
    message: expect.stringContaining('MAX_WORK'),
  });
  expect(log).toHaveBeenCalled();
  expect((await ask({})).status).toBe(200);
});
