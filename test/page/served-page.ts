import type { Browser } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import type { LocalWorker } from '../../src/local/local-worker.ts';
import { launchChromium } from '../browser/chromium.ts';
import { serveDefaultModel } from '../http/serve-default-model.ts';

/** Serves the default model and starts Chromium for the tests of a `describe`. The fields are set when these run. */
export function servedPage(): { worker: LocalWorker; browser: Browser } {
  const served = {} as { worker: LocalWorker; browser: Browser };
  beforeAll(async () => {
    [served.worker, served.browser] = await Promise.all([serveDefaultModel(), launchChromium()]);
  });
  afterAll(async () => {
    await served.browser.close();
    await served.worker.stop();
  });
  return served;
}
