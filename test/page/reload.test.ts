import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { chromiumPath } from '../browser/chromium.ts';
import { openPage } from './open-page.ts';
import { PlaygroundPage } from './playground-page.ts';
import { servedPage } from './served-page.ts';

describe.skipIf(chromiumPath === null)('a page that is loaded again, in Chromium', () => {
  const served = servedPage();

  async function open(path = '') {
    const opened = await openPage(served.browser, new URL(path, served.worker.url).href);
    const playground = new PlaygroundPage(opened.page);
    await playground.ready();
    return { ...opened, playground };
  }

  /** All that tells a reader which story is on the page. */
  const shown = async (page: Page) => ({
    text: await page.locator('.output').allTextContents(),
    titles: await page.locator('.token').evaluateAll((tokens) => tokens.map((token) => token.getAttribute('title'))),
    chips: await page.locator('.branches button').allTextContents(),
    prompt: await page.inputValue('#prompt'),
    seed: await page.inputValue('#seed'),
  });

  it('should have the story that it had, with its branches, and continue it', async () => {
    const { page, playground, complaints, close } = await open();
    await playground.generate({ prompt: 'Ben found a', seed: '7', max_tokens: '30' });
    await page.locator('.token').nth(5).click();
    await playground.chooseAnother();
    await page.fill('#prompt', 'Something else & "more"');
    const before = await shown(page);
    await page.reload();
    await playground.ready();
    expect(await shown(page)).toEqual(before);
    expect(before.chips).toHaveLength(2);
    const { length } = await playground.ids();
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.waitForFunction((count) => document.querySelectorAll('.token').length > count, length);
    await playground.finished();
    await page.locator('.branches button').first().click();
    await page.locator('.token').nth(3).click();
    await playground.alternatives();
    expect(complaints).toEqual([]);
    await close();
  });

  it('should have its chat and its system message', async () => {
    const { page, playground, close } = await open();
    await page.getByText('Chat', { exact: true }).click();
    await playground.generate({ prompt: 'Tell me a story about a frog.', seed: '3', max_tokens: '20' });
    await page.getByText('System message').click();
    await page.fill('#system', 'Be kind.');
    const before = await shown(page);
    await page.reload();
    await playground.ready();
    expect(await shown(page)).toEqual(before);
    expect(await page.inputValue('#system')).toBe('Be kind.');
    await close();
  });

  it("should have a link's story instead if a link was opened, and what became of it if it is loaded once more", async () => {
    const link = await open();
    await link.playground.generate({ prompt: 'Lily had a', seed: '5', max_tokens: '20' });
    await link.page.getByRole('button', { name: 'Share' }).click();
    await link.page.waitForURL(/#mode=completion/);
    const fragment = new URL(link.page.url()).hash;
    const linked = (await shown(link.page)).text;
    await link.close();

    const { page, playground, close } = await open();
    await playground.generate({ prompt: 'Ben found a', seed: '7', max_tokens: '20' });
    await page.evaluate((hash) => (location.hash = hash), fragment);
    await page.waitForFunction(() => document.querySelector<HTMLTextAreaElement>('#prompt')?.value === 'Lily had a');
    await page.locator('.token').first().waitFor();
    await playground.ready();
    expect((await shown(page)).text).toEqual(linked);

    await playground.generate({ seed: '9' });
    const later = await shown(page);
    expect(later.text).not.toEqual(linked);
    await page.reload();
    await playground.ready();
    expect(await shown(page)).toEqual(later);
    await close();
  });

  it.each([
    ['another format', '{"format":2}'],
    ['no JSON', '{"format"'],
    [
      'another shape',
      '{"format":2,"schema":"","tools":"","questions":[],"fragment":"","model":{"id":"tinystories-gpt2"},"mode":"chat","system":"","fields":{},"conversations":{}}',
    ],
    [
      'a broken turn',
      '{"format":2,"schema":"","tools":"","questions":[],"fragment":"","model":{"id":"tinystories-gpt2","created":1},"mode":"chat","system":"","fields":{},"conversations":{"completion":{"draft":"","turns":[{}]},"chat":{"draft":"","turns":[]}}}',
    ],
  ])('should begin anew if what was kept has %s', async (_, kept) => {
    const { page, playground, complaints, close } = await open();
    // What the page keeps is written when it is left; this is written after that.
    await page.evaluate((text) => addEventListener('pagehide', () => sessionStorage.setItem('gpt-edge playground', text)), kept);
    await page.reload();
    await playground.ready();
    expect(await page.inputValue('#prompt')).toBe('Once upon a time, a little robot');
    await playground.generate({ seed: '7', max_tokens: '5' });
    expect(complaints).toEqual([]);
    await close();
  });

  it('should keep no more than fits, and lose the answers first', async () => {
    const { page, playground, close } = await open();
    await playground.generate({ seed: '7', max_tokens: '5' });
    const long = 'word '.repeat(2 ** 19);
    const keep = async (text: string) => {
      await page.evaluate((draft) => {
        const field = document.querySelector<HTMLTextAreaElement>('#prompt')!;
        field.value = draft;
        field.dispatchEvent(new Event('input', { bubbles: true }));
      }, text);
      await page.reload();
      await playground.ready();
      return [(await page.inputValue('#prompt')).length, (await playground.ids()).length];
    };
    expect(await keep('a short draft')).toEqual([13, 5]);
    expect((await keep(long))[0]).toBeLessThan(1000);
    await close();
  });
});
