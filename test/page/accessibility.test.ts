import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { chromiumPath } from '../browser/chromium.ts';
import { openPage } from './open-page.ts';
import { PlaygroundPage } from './playground-page.ts';
import { servedPage } from './served-page.ts';

/** The findings that axe calls serious or worse, each with its element. */
async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
}

describe.skipIf(chromiumPath === null)('the accessibility of the playground, in Chromium', () => {
  const served = servedPage();

  it.each(['light', 'dark'] as const)('should have no serious finding of axe (%s)', async (colorScheme) => {
    const { page, close } = await openPage(served.browser, served.worker.url.href, { colorScheme });
    const playground = new PlaygroundPage(page);
    const findings: Record<string, string[]> = {};
    const check = async (state: string) => {
      findings[state] = await seriousFindings(page);
    };
    await playground.ready();
    await check('at the beginning');
    await page.locator('summary').click();
    await playground.generate({ seed: '7', temperature: '2', max_tokens: '40' });
    await page.locator('.token').nth(8).click();
    await playground.alternatives();
    await check('with a text and alternatives');
    await playground.chooseAlternative(1);
    await check('with two branches');
    await page.fill('#temperature', '3');
    await page.getByRole('button', { name: /^Generate/ }).click();
    await page.waitForSelector('.problem');
    await check('with an error');
    await page.fill('#temperature', '');
    await page.getByRole('button', { name: 'Code' }).click();
    await check('with its code');
    await page.keyboard.press('Escape');
    await page.getByText('Chat', { exact: true }).click();
    await playground.generate();
    await check('in a chat');
    await page.getByText('System message').click();
    await page.fill('#system', 'Be kind.');
    await page.fill('#prompt', 'word '.repeat(600));
    await page.waitForSelector('.warning:not(:empty)');
    await check('with a system message, and a message that is too long');
    await page.getByText('Decide', { exact: true }).click();
    await page.fill('#prompt', 'Tom lost his ball.');
    await page.getByRole('button', { name: /^Decide/ }).click();
    await page.waitForSelector('.verdicts');
    await check('with decisions');
    await page.context().setOffline(true);
    await page.waitForSelector('.load.failed');
    await check('without its server');
    expect(findings).toEqual(Object.fromEntries(Object.keys(findings).map((state) => [state, []])));
    expect(Object.keys(findings)).toHaveLength(9);
    await close();
  });

  it('should be usable without a pointer', async () => {
    const { page, complaints, close } = await openPage(served.browser, served.worker.url.href);
    const playground = new PlaygroundPage(page);
    const { keyboard } = page;
    const focused = () => page.evaluate(() => (document.activeElement as HTMLElement).outerHTML);
    /** Presses Tab until the focused element matches. */
    const tabTo = async (selector: string) => {
      for (let presses = 0; presses < 60; presses++) {
        if (await page.evaluate((wanted) => document.activeElement!.matches(wanted), selector)) return;
        await keyboard.press('Tab');
      }
      throw new Error(`Tab does not reach ${selector}; the focus is on ${await focused()}`);
    };
    await playground.ready();
    await tabTo('#seed');
    await keyboard.type('7');
    await page.evaluate(() => (document.activeElement as HTMLElement).blur());
    await tabTo('#prompt');
    await keyboard.press('Control+Enter');
    await playground.finished();
    const before = await playground.ids();
    await tabTo('.token');
    for (let step = 0; step < 3; step++) await keyboard.press('ArrowRight');
    expect(await focused()).toContain('data-index="3"');
    await keyboard.press('End');
    expect(await focused()).toContain('end of text');
    await keyboard.press('Home');
    await keyboard.press('ArrowRight');
    await keyboard.press('Enter');
    await playground.alternatives();
    await keyboard.press('Escape');
    expect(await focused()).toContain('data-index="1"');
    await keyboard.press('Enter');
    await playground.alternatives();
    await tabTo('.alternatives button:not(.current)');
    await keyboard.press('Enter');
    await page.waitForSelector('.branches');
    await playground.finished();
    const after = await playground.ids();
    expect([after[0], after[1] === before[1]]).toEqual([before[0], false]);
    await page.fill('#max_tokens', '480');
    await page.focus('#prompt');
    await keyboard.press('Control+Enter');
    await keyboard.press('Escape');
    await page.waitForSelector('.stop', { state: 'detached' });
    expect(await page.locator('p[role="status"]').textContent()).toMatch(/^(Stopped|The text ended) after/);
    expect(complaints).toEqual([]);
    await close();
  });

  it('should tell a screen reader what happens', async () => {
    const { page, close } = await openPage(served.browser, served.worker.url.href);
    const playground = new PlaygroundPage(page);
    await playground.generate({ seed: '7' });
    expect(await page.locator('p[role="status"]').textContent()).toMatch(/^The text ended after \d+ tokens\.$/);
    expect(await page.locator('.token').first().getAttribute('aria-label')).toMatch(/^\w+, [\d.]+%$/);
    await close();
  });

  it('should not animate if the reader prefers reduced motion', async () => {
    for (const [reducedMotion, moves] of [
      ['reduce', false],
      ['no-preference', true],
    ] as const) {
      const { page, close } = await openPage(served.browser, served.worker.url.href, {
        reducedMotion,
        viewport: { width: 400, height: 700 },
      });
      const playground = new PlaygroundPage(page);
      await playground.generate({ seed: '7' });
      await page.locator('.token').first().click();
      await playground.alternatives();
      const names = await page.evaluate(() => getComputedStyle(document.querySelector('.inspector')!).animationName);
      expect(names !== 'none').toBe(moves);
      await close();
    }
  });
});
