import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
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

const GOLDEN = join(PACKAGE, 'test', 'golden');
const TEMPLATE =
  "{% for m in messages %}{% if m['role'] == 'system' and m['content'] == 'shout' %}{{ raise_exception('No system messages here') }}{% endif %}" +
  "{{ m['content'] + ' ' }}{% endfor %}";

describe.skipIf(chromiumPath === null)('several models on the page, in Chromium', () => {
  let folder: string;
  let worker: LocalWorker;
  let browser: Browser;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gpt-edge-page-'));
    [worker, browser] = await Promise.all([serveDefaultModel({ MODEL_IDS: 'tinystories-gpt2,tiny-gpt2,tiny-chat' }), launchChromium()]);
    await serve('tiny-gpt2', join(GOLDEN, 'tiny-gpt2'));
    await serve('tiny-chat', await withChatTemplate(join(GOLDEN, 'tiny-llama')));
  });
  afterAll(async () => {
    await browser.close();
    await worker.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function serve(id: string, source: string): Promise<void> {
    const target = join(folder, id);
    await convertModel({ source, target, id, dtype: 'fp32' });
    await pushModel(await openModelFolder(target), worker.models);
  }

  /** A copy of a checkpoint that can chat. It takes no system message that shouts. */
  async function withChatTemplate(checkpoint: string): Promise<string> {
    const copy = join(folder, 'checkpoint');
    await cp(checkpoint, copy, { recursive: true });
    const path = join(copy, 'tokenizer_config.json');
    await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), chat_template: TEMPLATE }));
    return copy;
  }

  it('should be selectable, and not continue what another model wrote', async () => {
    const { page, complaints, close } = await openPage(browser, worker.url.href);
    const playground = new PlaygroundPage(page);
    await playground.generate({ seed: '7' });
    expect(await page.locator('#model option').allTextContents()).toEqual([
      'tinystories-gpt2',
      'tinystories-gpt2:fairytale',
      'tiny-gpt2',
      'tiny-chat',
    ]);
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

  it('should be missed while they are not in the bucket, and be ready by themselves when they are', async () => {
    const empty = await serveDefaultModel({ MODEL_IDS: 'tiny-gpt2' });
    const { page, close } = await openPage(browser, empty.url.href);
    await page.getByRole('alert').waitFor();
    const before = [await page.getByRole('alert').textContent(), await page.getByRole('button', { name: /^Generate/ }).isDisabled()];
    await pushModel(await openModelFolder(join(folder, 'tiny-gpt2')), empty.models);
    await new PlaygroundPage(page).ready();
    const after = [await page.getByRole('alert').count(), await page.getByRole('button', { name: /^Generate/ }).isDisabled()];
    await close();
    await empty.stop();
    expect([...before, ...after]).toEqual(['There is no model in the bucket.', true, 0, false]);
  });

  it('should be shown with the context window that is served, of the one that they have', async () => {
    const short = await serveDefaultModel({ CONTEXT: '200' });
    const { page, close } = await openPage(browser, short.url.href);
    await new PlaygroundPage(page).ready();
    expect(await page.locator('.model dl').textContent()).toContain("Context window200 of the model's 512 tokens");
    expect(await page.locator('.count').textContent()).toContain('of 200 tokens');
    await close();
    await short.stop();
  });

  it('should not chat without a chat template, and say so', async () => {
    const { page, complaints, close } = await openPage(browser, worker.url.href);
    await new PlaygroundPage(page).ready();
    const chat = page.getByRole('radio', { name: 'Chat' });
    await page.getByText('Chat', { exact: true }).click();
    await page.selectOption('#model', 'tiny-gpt2');
    await page.locator('#no-chat').waitFor();
    expect(await page.locator('#no-chat').textContent()).toBe('No chat: tiny-gpt2 has no chat template. It continues texts.');
    expect([await chat.isDisabled(), await chat.isChecked()]).toEqual([true, false]);
    expect(await page.getByRole('group', { name: 'Mode' }).getAttribute('aria-describedby')).toBe('no-chat');
    await page.selectOption('#model', 'tiny-chat');
    await page.locator('#no-chat').waitFor({ state: 'detached' });
    expect(await chat.isDisabled()).toBe(false);
    expect(complaints).toEqual([]);
    await close();
  });

  it('should be tried with examples that suit them', async () => {
    const { page, close } = await openPage(browser, worker.url.href);
    await new PlaygroundPage(page).ready();
    const story = /once upon|story|dragon|Lily/i;
    expect(await page.locator('.examples').textContent()).toMatch(story);
    await page.fill('#prompt', 'My own words');
    await page.getByText('Chat', { exact: true }).click();
    expect(await page.locator('.examples').textContent()).toMatch(story);
    await page.selectOption('#model', 'tiny-chat');
    await page.waitForFunction(() => document.querySelector<HTMLTextAreaElement>('#prompt')!.value === 'Say hello in one sentence.');
    expect(await page.locator('.examples').textContent()).not.toMatch(story);
    expect(await page.locator('.use').textContent()).toContain('knows next to nothing');
    await page.getByText('Completion', { exact: true }).click();
    expect(await page.locator('.examples').textContent()).not.toMatch(story);
    // What the reader typed stays.
    expect(await page.inputValue('#prompt')).toBe('My own words');
    await close();
  });

  it('should be given the system message, and refuse it beside its field', async () => {
    const { page, close } = await openPage(browser, worker.url.href);
    const playground = new PlaygroundPage(page);
    await playground.ready();
    await page.selectOption('#model', 'tiny-chat');
    await page.getByText('Chat', { exact: true }).click();
    expect(await page.locator('#system').isVisible()).toBe(false);
    await page.getByText('System message').click();
    await page.fill('#system', 'shout');
    const sent = page.waitForRequest('**/v1/chat/completions');
    await page.fill('#prompt', 'hi');
    await page.getByRole('button', { name: /^Send/ }).click();
    expect((await sent).postDataJSON().messages).toEqual([
      { role: 'system', content: 'shout' },
      { role: 'user', content: 'hi' },
    ]);
    await page.getByRole('alert').waitFor();
    expect(await page.locator('.system').getByRole('alert').textContent()).toContain('No system messages here');
    expect(await page.getAttribute('#system', 'aria-invalid')).toBe('true');
    expect([await page.inputValue('#system'), await page.inputValue('#prompt')]).toEqual(['shout', 'hi']);
    await page.fill('#system', 'whisper');
    expect(await page.getByRole('alert').count()).toBe(0);
    expect(await page.locator('#system').isVisible()).toBe(true);
    await playground.generate();
    expect((await playground.ids()).length).toBeGreaterThan(0);
    await page.getByRole('button', { name: 'Code' }).click();
    expect(await page.locator('.code pre').textContent()).toContain('"system","content":"whisper"');
    await close();
  });
});
