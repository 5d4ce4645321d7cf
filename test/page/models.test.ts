import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WireModel } from '../../src/api/openai/schemas/model-schema.ts';
import { convertModel } from '../../src/convert/convert-model.ts';
import { pushModel } from '../../src/local/bucket/push-model.ts';
import type { LocalWorker } from '../../src/local/local-worker.ts';
import { openModelFolder } from '../../src/local/model-folder.ts';
import { PACKAGE } from '../../src/local/project-paths.ts';
import { chromiumPath, launchChromium } from '../browser/chromium.ts';
import { serveDefaultModel } from '../http/serve-default-model.ts';
import { openPage } from './open-page.ts';
import { PlaygroundPage } from './playground-page.ts';

describe.skipIf(chromiumPath === null)('several models on the page, in Chromium', () => {
  let folder: string;
  let worker: LocalWorker;
  let browser: Browser;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gpt-edge-page-'));
    [worker, browser] = await Promise.all([serveDefaultModel({ MODEL_IDS: 'tinystories-gpt2,tiny-gpt2' }), launchChromium()]);
    const target = join(folder, 'tiny-gpt2');
    await convertModel({ source: join(PACKAGE, 'test', 'golden', 'tiny-gpt2'), target, id: 'tiny-gpt2', dtype: 'fp32' });
    await pushModel(await openModelFolder(target), worker.models);
  });
  afterAll(async () => {
    await browser.close();
    await worker.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('should be selectable, and not continue what another model wrote', async () => {
    const { page, complaints, close } = await openPage(browser, worker.url.href);
    const playground = new PlaygroundPage(page);
    await playground.generate({ seed: '7' });
    expect(await page.locator('#model option').allTextContents()).toEqual(['tinystories-gpt2', 'tiny-gpt2']);
    await page.selectOption('#model', 'tiny-gpt2');
    await page.waitForSelector('.token', { state: 'detached' });
    const { data } = (await (await fetch(new URL('/v1/models', worker.url))).json()) as { data: WireModel[] };
    const { context_window: window, engine } = data.find(({ id }) => id === 'tiny-gpt2')!;
    expect(await page.locator('.model dl').textContent()).toContain(`Context window${window} tokens`);
    expect(await page.locator('.model dl div').allTextContents()).toContain(`Engine${engine}`);
    expect(await page.getAttribute('#max_tokens', 'placeholder')).toBe(String(Math.min(240, Math.floor(window / 2))));
    await page.fill('#prompt', 'abc');
    await playground.generate();
    expect((await playground.ids()).length).toBeGreaterThan(0);
    expect(await page.locator('.count').textContent()).toContain(`of ${window} tokens`);
    expect(complaints).toEqual([]);
    await close();
  });

  it('should show next to the model that it cannot chat', async () => {
    const { page, close } = await openPage(browser, worker.url.href);
    await new PlaygroundPage(page).ready();
    await page.selectOption('#model', 'tiny-gpt2');
    await page.getByText('Chat', { exact: true }).click();
    await page.getByRole('button', { name: /^Send/ }).click();
    await page.getByRole('alert').waitFor();
    expect(await page.locator('.model .problem').textContent()).toMatch(/tiny-gpt2 has no chat template/);
    expect(await page.inputValue('#prompt')).toBe('Tell me a story about a dragon.');
    await close();
  });
});
