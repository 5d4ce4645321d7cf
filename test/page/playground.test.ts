import type { Browser, BrowserContextOptions } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ChatCompletion } from '../../src/api/openai/schemas/chat-schema.ts';
import type { Completion } from '../../src/api/openai/schemas/completion-schema.ts';
import type { LocalWorker } from '../../src/local/local-worker.ts';
import { percent } from '../../src/page/components/number-formats.ts';
import { chromiumPath, launchChromium } from '../browser/chromium.ts';
import { serveDefaultModel } from '../http/serve-default-model.ts';
import { type OpenedPage, openPage } from './open-page.ts';
import { PlaygroundPage } from './playground-page.ts';

describe.skipIf(chromiumPath === null)('the playground, in Chromium', () => {
  const PROMPT = 'Once upon a time, a little robot';
  const LENGTH = 240;
  let worker: LocalWorker;
  let browser: Browser;
  let opened: OpenedPage[] = [];
  beforeAll(async () => {
    [worker, browser] = await Promise.all([serveDefaultModel(), launchChromium()]);
  });
  afterAll(async () => {
    await browser.close();
    await worker.stop();
  });
  afterEach(async () => {
    const pages = opened;
    opened = [];
    await Promise.all(pages.map((page) => page.close()));
    for (const { complaints, requests } of pages) {
      expect(complaints).toEqual([]);
      expect(requests.filter((url) => new URL(url).origin !== worker.url.origin)).toEqual([]);
    }
  });

  async function open(path = '/', options: BrowserContextOptions = {}) {
    const page = await openPage(browser, new URL(path, worker.url).href, options);
    opened.push(page);
    return { ...page, playground: new PlaygroundPage(page.page) };
  }

  async function ask<T>(path: string, body: object): Promise<T> {
    const answer = await fetch(new URL(path, worker.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json() as Promise<T>;
  }

  /** What the API answers to the same request. */
  const complete = async (body: object) =>
    (await ask<Completion>('/v1/completions', { max_tokens: LENGTH, seed: 7, logprobs: 0, return_token_ids: true, ...body })).choices[0];

  it('should show how much of the model is loaded, and offer an example prompt', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    // Records every text that was shown, because a small model is loaded within moments.
    await page.addInitScript(() => {
      const said: string[] = [];
      Object.assign(window, { said });
      new MutationObserver(() => {
        const text = document.querySelector('.load')?.textContent;
        if (text && text !== said.at(-1)) said.push(text);
      }).observe(document, { subtree: true, childList: true, characterData: true });
    });
    await page.goto(worker.url.href);
    await page.waitForSelector('.load.ready');
    const said = await page.evaluate(() => (window as unknown as { said: string[] }).said);
    expect(said[0]).toMatch(/^Loading the model: \d+% of \d+\.\d MB$/);
    expect(said.at(-1)).toBe('Model ready');
    expect(await page.inputValue('#prompt')).toBe(PROMPT);
    const facts = await page.locator('.model dl').textContent();
    for (const fact of ['5.9 million', '512 tokens', 'Engineedge', 'mit']) expect(facts).toContain(fact);
    await context.close();
  });

  it('should show a text token by token, each with its probability, and mark its end', async () => {
    const { page, playground } = await open();
    await playground.generate({ seed: '7' });
    const { token_ids, logprobs, text } = await complete({ prompt: PROMPT });
    expect(await playground.ids()).toEqual(token_ids);
    expect(token_ids!.at(-1)).toBe(0);
    expect(await page.locator('.token.end').textContent()).toBe('end of text');
    const shown = (await page.locator('.flow').textContent())!.replaceAll('↵', '');
    expect(shown.replaceAll(/\s+/g, '')).toBe(`${PROMPT}${text}endoftext`.replaceAll(/\s+/g, ''));
    const titles = await page.locator('.token').evaluateAll((tokens) => tokens.map((token) => token.getAttribute('title')));
    expect(titles).toEqual(logprobs!.token_logprobs.map((logprob) => percent(Math.exp(logprob!))));
    const colours = await page.locator('.token').evaluateAll((tokens) => tokens.map((token) => getComputedStyle(token).backgroundColor));
    const order = logprobs!.token_logprobs.map((logprob, index) => ({ logprob, index })).sort((a, b) => a.logprob! - b.logprob!);
    expect(colours[order[0].index]).not.toBe(colours[order.at(-1)!.index]);
    const used = 8 + token_ids!.length;
    expect(await page.getByRole('meter').getAttribute('aria-valuenow')).toBe(String(used));
    expect(await page.locator('.count').textContent()).toBe(`${used} of 512 tokens`);
  });

  it('should stop when asked to, and continue from there', async () => {
    const { page, playground } = await open();
    await playground.ready();
    await page.fill('#max_tokens', '480');
    await page.fill('#temperature', '2');
    // With this seed the model does not end the text by itself.
    await page.fill('#seed', '8');
    await page.getByRole('button', { name: /^Generate/ }).click();
    // Stops at the first token from within the page: the whole text takes less time than a round trip of the test.
    await page.evaluate(
      () =>
        new Promise<void>((resolve) => {
          const look = () => {
            const stop = document.querySelector<HTMLButtonElement>('.stop');
            if (!stop || !document.querySelector('.token')) return void requestAnimationFrame(look);
            stop.click();
            resolve();
          };
          look();
        }),
    );
    await playground.finished();
    const { length } = await playground.ids();
    expect(length).toBeLessThan(300);
    await page.waitForTimeout(300);
    expect(await playground.ids()).toHaveLength(length);
    expect(await page.locator('p[role="status"]').textContent()).toMatch(/^Stopped after \d+ tokens\.$/);
    // An answer that was stopped can be continued.
    await page.fill('#max_tokens', '3');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.waitForFunction((count) => document.querySelectorAll('.token').length === count, length + 3);
  });

  it('should show the alternatives to a token, and continue exactly from one of them', async () => {
    const { page, playground } = await open();
    await playground.generate({ seed: '7' });
    const before = await playground.ids();
    const { prompt_token_ids } = await complete({ prompt: PROMPT });
    const kept = before.slice(0, 12);
    await page.locator('.token').nth(12).click();
    const shown = await playground.alternatives();
    const { tokens } = await ask<{ tokens: { id: number; token: string; probability: number }[] }>('/v1/next-token', {
      prompt: [...prompt_token_ids!, ...kept],
    });
    expect(shown.slice(0, 10)).toEqual(
      tokens.map(({ token, probability }) => ({ name: token.replaceAll(' ', '·'), percent: percent(probability) })),
    );
    expect(shown.map(({ name }) => name)).toContain('end of text');
    expect(tokens[1].id).not.toBe(before[12]);

    await playground.chooseAlternative(1);
    const chosen = [...kept, tokens[1].id];
    const { token_ids } = await complete({ prompt: [...prompt_token_ids!, ...chosen] });
    expect(await playground.ids()).toEqual([...chosen, ...token_ids!]);
    await page.getByRole('button', { name: /original/ }).click();
    await expect.poll(() => playground.ids()).toEqual(before);
  });

  it('should continue after an end of text, and end where the reader chooses it', async () => {
    const { page, playground } = await open();
    await playground.generate({ seed: '7', max_tokens: '300' });
    const ended = await playground.ids();
    await page.locator('.token.end').click();
    await playground.chooseAlternative(1);
    const longer = await playground.ids();
    expect(longer.length).toBeGreaterThan(ended.length);
    expect(longer.slice(0, ended.length - 1)).toEqual(ended.slice(0, -1));
    await page.locator('.token').nth(5).click();
    await page.waitForSelector('.alternatives');
    await page.locator('.alternatives .end').click();
    await page.waitForFunction(() => document.querySelectorAll('.token').length === 6);
    expect(await playground.ids()).toEqual([...ended.slice(0, 5), 0]);
    expect(await page.getByRole('button', { name: 'Continue' }).count()).toBe(0);
  });

  it('should send the earlier turns of a chat, and continue from within an answer', async () => {
    const { page, playground } = await open();
    await playground.ready();
    await page.getByText('Chat', { exact: true }).click();
    const seed = 3;
    const question = await page.inputValue('#prompt');
    await playground.generate({ seed: String(seed), max_tokens: '60' });
    const figures = await page.locator('.figures').textContent();
    expect(figures).toMatch(/ · load (warm|cold, \d+ bytes) · queue \d+ ms · cached \d+ tokens · batch 1 · object \w+/);
    const chat = (messages: object[]) =>
      ask<ChatCompletion>('/v1/chat/completions', { messages, seed, max_tokens: 60, return_token_ids: true });
    const first = await chat([{ role: 'user', content: question }]);
    expect(await playground.ids()).toEqual(first.choices[0].token_ids);

    await page.locator('.token').nth(20).click();
    const { tokens } = await ask<{ tokens: { id: number }[] }>('/v1/next-token', {
      prompt: [...first.prompt_token_ids!, ...first.choices[0].token_ids!.slice(0, 20)],
    });
    await playground.chooseAlternative(2);
    const other = [...first.choices[0].token_ids!.slice(0, 20), tokens[2].id];
    const rest = await complete({ prompt: [...first.prompt_token_ids!, ...other], seed, max_tokens: 60 });
    const answer = [...other, ...rest.token_ids!];
    expect(await playground.ids()).toEqual(answer);

    const { prompt: content } = await ask<{ prompt: string }>('/detokenize', { tokens: answer.filter((id) => id !== 0) });
    await page.fill('#prompt', 'Tell me a story about a frog.');
    await page.press('#prompt', 'Enter');
    await page.locator('.flow').nth(1).locator('.token').first().waitFor();
    await playground.finished();
    const second = await chat([
      { role: 'user', content: question },
      { role: 'assistant', content },
      { role: 'user', content: 'Tell me a story about a frog.' },
    ]);
    expect(await playground.ids(1)).toEqual(second.choices[0].token_ids);
    expect(await page.inputValue('#prompt')).toBe('');
  });

  it('should restore what was shared from a link, token for token', async () => {
    const { page, playground } = await open();
    await playground.generate({ seed: '11', max_tokens: '40', temperature: '0.9' });
    await page.locator('.token').nth(7).click();
    await playground.chooseAlternative(2);
    await page.getByRole('button', { name: 'Share' }).click();
    await page.waitForURL(/#mode=completion/);
    const there = await open(page.url().slice(worker.url.origin.length));
    await there.page.locator('.token').first().waitFor();
    expect(await there.playground.ids()).toEqual(await playground.ids());
    for (const field of ['prompt', 'seed', 'max_tokens', 'temperature'])
      expect(await there.page.inputValue(`#${field}`)).toBe(await page.inputValue(`#${field}`));
    const titles = (of: typeof page) => of.locator('.token').evaluateAll((tokens) => tokens.map((token) => token.getAttribute('title')));
    expect(await titles(there.page)).toEqual(await titles(page));
    // Both pages continue the text in the same way.
    for (const one of [page, there.page]) {
      await one.getByRole('button', { name: 'Continue' }).click();
      await one.waitForFunction((count) => document.querySelectorAll('.token').length > count, 48);
      await new PlaygroundPage(one).finished();
    }
    expect(await there.playground.ids()).toEqual(await playground.ids());
  });

  it('should restore a chat from a link, and say what is wrong with a damaged link', async () => {
    const { page, playground } = await open();
    await playground.ready();
    await page.getByText('Chat', { exact: true }).click();
    await playground.generate({ seed: '3', max_tokens: '30' });
    await page.getByRole('button', { name: 'Share' }).click();
    await page.waitForURL(/#mode=chat/);
    const fragment = page.url().slice(worker.url.origin.length);
    const there = await open(fragment);
    await there.page.locator('.token').first().waitFor();
    expect(await there.playground.ids()).toEqual(await playground.ids());
    expect(await there.page.locator('.question').textContent()).toContain('Tell me a story about a dragon.');
    const damaged = await open(fragment.replace('&seed=3', '&seed=x'));
    expect(await damaged.page.getByRole('alert').textContent()).toBe('The link cannot be read: this link is damaged.');
  });

  it('should fit the width of a small phone', async () => {
    const { page, playground } = await open('/', { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });
    await playground.ready();
    expect(await playground.isTooWide()).toBe(false);
    await playground.generate({ prompt: `${'x'.repeat(120)} and then`, seed: '7' });
    expect(await playground.isTooWide()).toBe(false);
    await page.locator('.token').nth(4).tap();
    await playground.alternatives();
    expect(await playground.isTooWide()).toBe(false);
    // The inspector must not hide the token.
    const token = (await page.locator('.token').nth(4).boundingBox())!;
    const inspector = (await page.locator('.inspector').boundingBox())!;
    expect(token.y + token.height).toBeLessThanOrEqual(inspector.y);
    await page.getByRole('button', { name: 'Close' }).tap();
    await page.getByRole('button', { name: 'Code' }).tap();
    expect(await playground.isTooWide()).toBe(false);
    await page.getByRole('button', { name: 'Close' }).tap();
    await page.getByText('Chat', { exact: true }).tap();
    await playground.generate({ seed: '3' });
    expect(await playground.isTooWide()).toBe(false);
  });
});
