import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { PROJECT } from '../../src/local/project-paths.ts';
import { chromiumPath } from '../browser/chromium.ts';
import { serveDefaultModel } from '../http/serve-default-model.ts';
import { openPage } from './open-page.ts';
import { PlaygroundPage } from './playground-page.ts';
import { servedPage } from './served-page.ts';

describe.skipIf(chromiumPath === null)('errors, code samples and the API reference, in Chromium', () => {
  const served = servedPage();

  it.each([
    ['temperature', { temperature: '3' }, 'Invalid temperature: must be a number from 0 to 2'],
    ['min_p', { min_p: '-1' }, 'Invalid min_p: must be a number from 0 to 1'],
    ['max_tokens', { max_tokens: '600' }, / 512 tokens/],
    ['stop', { stop: 'abcdefghijklmnopq'.split('').join('\n') }, /^Invalid stop: must be a string or up to 16 strings/],
    ['prompt', { prompt: 'word '.repeat(600) }, / 512 tokens/],
  ])('should show an error next to its field: %s', async (field, fields, message) => {
    const { page, complaints, close } = await openPage(served.browser, served.worker.url.href);
    await new PlaygroundPage(page).ready();
    await page.locator('summary').click();
    for (const [name, text] of Object.entries(fields)) await page.fill(`#${name}`, text);
    await page.getByRole('button', { name: /^Generate/ }).click();
    const problem = page.getByRole('alert');
    await problem.waitFor();
    expect(await problem.textContent()).toMatch(message);
    const input = page.locator(`#${field}`);
    expect(await input.getAttribute('aria-invalid')).toBe('true');
    expect((await input.getAttribute('aria-describedby'))!.split(' ')).toContain(await problem.getAttribute('id'));
    // A parameter's message stands at the parameter too.
    if (field !== 'prompt') expect(await page.locator('.field', { has: input }).locator('.problem').textContent()).toMatch(message);
    expect(complaints.filter((text) => !text.includes('status of 400'))).toEqual([]);
    await close();
  });

  it('should keep the text if the server cannot be reached, and say so', async () => {
    const { page, close } = await openPage(served.browser, served.worker.url.href);
    const playground = new PlaygroundPage(page);
    await playground.generate({ seed: '7' });
    const ids = await playground.ids();
    await page.context().setOffline(true);
    await page.getByRole('button', { name: /^Generate/ }).click();
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').textContent()).toMatch(/^The server cannot be reached/);
    expect(await playground.ids()).toEqual(ids);
    await close();
  });

  it('should generate nothing with a model that cannot run, and say why beside the button', async () => {
    const tight = await serveDefaultModel({ MEMORY_LIMIT_MB: '10' });
    const { page, close } = await openPage(served.browser, tight.url.href);
    await page.getByRole('alert').waitFor();
    const generate = page.getByRole('button', { name: /^Generate/ });
    const state = {
      message: await page.getByRole('alert').textContent(),
      isDisabled: await generate.isDisabled(),
      describedBy: [await generate.getAttribute('aria-describedby'), await page.getAttribute('#model', 'aria-describedby')],
      load: await page.locator('.load').textContent(),
    };
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('alert').waitFor();
    await page.focus('#prompt');
    await page.keyboard.press('Control+Enter');
    const answers = await page.locator('.token').count();
    await close();
    await tight.stop();
    expect(state.message).toMatch(/^tinystories-gpt2 needs .* over the limit of 10 MB/);
    expect(state).toMatchObject({ isDisabled: true, describedBy: ['model-error', 'model-error'], load: 'The model cannot run' });
    expect(answers).toBe(0);
  });

  it('should say that the server is gone, and be ready by itself when it is back', async () => {
    const { page, close } = await openPage(served.browser, served.worker.url.href);
    const playground = new PlaygroundPage(page);
    await playground.generate({ seed: '7', max_tokens: '20' });
    const ids = await playground.ids();
    await page.context().setOffline(true);
    await page.waitForSelector('.load.failed');
    expect(await page.locator('.load').textContent()).toBe('The server does not answer; trying again');
    // Nothing was asked for, so nothing has failed.
    expect(await page.getByRole('alert').count()).toBe(0);
    await page.getByRole('button', { name: /^Generate/ }).click();
    await page.getByRole('alert').waitFor();
    await page.context().setOffline(false);
    await playground.ready();
    expect(await page.getByRole('alert').count()).toBe(0);
    expect(await playground.ids()).toEqual(ids);
    await playground.generate({ seed: '8' });
    await close();
  });

  it('should show code that runs', async () => {
    const { page, close } = await openPage(served.browser, served.worker.url.href);
    await new PlaygroundPage(page).ready();
    await page.fill('#prompt', 'Once upon a time, it\'s "Lily"');
    await page.fill('#seed', '7');
    await page.fill('#max_tokens', '12');
    await page.getByRole('button', { name: 'Code' }).click();
    const codes: Record<string, string> = {};
    for (const [name, beginning] of Object.entries({ curl: 'curl -N', fetch: 'const answer', openai: 'import OpenAI' })) {
      await page.locator('.code').getByText(name, { exact: true }).click();
      const code = page.locator('.code pre', { hasText: beginning });
      await code.waitFor();
      codes[name] = (await code.textContent())!;
    }
    await close();
    const run = promisify(execFile);
    const streamed = (await run('bash', ['-c', `curl -sS --fail-with-body ${codes.curl.slice('curl '.length)}`])).stdout;
    const text = [...streamed.matchAll(/"text":"((?:[^"\\]|\\.)*)"/g)].map(([, part]) => JSON.parse(`"${part}"`)).join('');
    expect(text.length).toBeGreaterThan(20);
    for (const name of ['fetch', 'openai']) {
      // The file is in the project, so that it finds the openai package.
      const file = join(PROJECT, `readme-example-page-${process.pid}.mjs`);
      await writeFile(file, codes[name]);
      const { stdout } = await run(process.execPath, [file]).finally(() => rm(file));
      expect(stdout.replace(/\n$/, '')).toBe(text);
    }
  });

  it('should show the API reference, and run a request from it, without contacting another host', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, complaints, requests, close } = await openPage(served.browser, new URL('/docs', served.worker.url).href, {
        colorScheme,
      });
      await page.waitForSelector('.opblock');
      const paths = await page.locator('.opblock-summary-path').allTextContents();
      expect(paths.map((path) => path.replaceAll('\u200b', ''))).toContain('/v1/chat/completions');
      await page.locator('.opblock-summary', { hasText: 'next-token' }).click();
      await page.getByRole('button', { name: 'Execute' }).click();
      await page.waitForSelector('.live-responses-table .response');
      expect(await page.locator('.live-responses-table').textContent()).toContain('next_token');
      expect(complaints).toEqual([]);
      expect(requests.filter((url) => !url.startsWith(served.worker.url.origin) && !url.startsWith('data:'))).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.classList.contains('dark-mode'))).toBe(colorScheme === 'dark');
      await close();
    }
  });
});
