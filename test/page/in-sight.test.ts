import type { Locator, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { chromiumPath } from '../browser/chromium.ts';
import { openPage } from './open-page.ts';
import { PlaygroundPage } from './playground-page.ts';
import { servedPage } from './served-page.ts';

const SCREENS = [
  { width: 1280, height: 800 },
  { width: 360, height: 740 },
];

/** How long the page may take to draw and to scroll, on a busy machine. */
const PATIENCE_MS = 5_000;

/** Waits until an element is on the screen as a whole, with nothing over it. @returns whether it comes to be so */
async function isInSight(page: Page, element: Locator): Promise<boolean> {
  const end = Date.now() + PATIENCE_MS;
  // The page may still be scrolling the element out of sight.
  await page.waitForTimeout(200);
  while (!(await isOnScreen(page, element))) {
    if (Date.now() > end) return false;
    await page.waitForTimeout(50);
  }
  return true;
}

async function isOnScreen(page: Page, element: Locator): Promise<boolean> {
  const { x, y, width, height } = (await element.boundingBox())!;
  const screen = page.viewportSize()!;
  if (x < 0 || y < 0 || x + width > screen.width + 1 || y + height > screen.height) return false;
  return element.evaluate((node, [left, top]) => node.contains(document.elementFromPoint(left, top)), [x + width / 2, y + height / 2]);
}

describe.skipIf(chromiumPath === null)('what the reader must see, in Chromium', () => {
  const served = servedPage();

  async function open(viewport: (typeof SCREENS)[number]) {
    const { page, close } = await openPage(served.browser, served.worker.url.href, { viewport });
    const playground = new PlaygroundPage(page);
    await playground.ready();
    return { page, playground, close };
  }

  it.each(SCREENS)('should have the message of a bad parameter beside the button, at $width x $height', async (screen) => {
    const { page, close } = await open(screen);
    await page.locator('summary').click();
    await page.fill('#min_p', '3');
    expect(await isInSight(page, page.locator('#min_p-problem'))).toBe(true);
    expect(await page.locator('#min_p-problem').textContent()).toBe('Must be a number from 0 to 1.');
    await page.locator('#prompt').click();
    await page.keyboard.press('Control+Enter');
    const problem = page.getByRole('alert');
    await problem.waitFor();
    expect(await isInSight(page, problem)).toBe(true);
    expect(await isInSight(page, page.getByRole('button', { name: /^Generate/ }))).toBe(true);
    await page.getByRole('button', { name: 'Go to the field' }).click();
    expect(await page.evaluate(() => document.activeElement!.id)).toBe('min_p');
    expect(await isInSight(page, page.locator('#min_p'))).toBe(true);
    // What is folded away stays unfolded while it is mended.
    await page.keyboard.press('Backspace');
    expect(await isInSight(page, page.locator('#min_p'))).toBe(true);
    expect(await problem.count()).toBe(0);
    await close();
  });

  it.each(SCREENS)('should have the branches beside the text that they begin in, at $width x $height', async (screen) => {
    const { page, playground, close } = await open(screen);
    await playground.generate({ seed: '7', max_tokens: '240' });
    for (const [token, branch] of [
      [6, 2],
      [60, 3],
    ]) {
      await page.locator('.token').nth(token).click();
      await playground.chooseAnother();
      const chip = page.locator('.branches button[aria-pressed="true"]');
      expect(await chip.textContent()).toMatch(new RegExp(`^${branch} .* at token ${token + 1}$`));
      expect(await isInSight(page, chip)).toBe(true);
      expect(await isInSight(page, page.locator('.token').nth(token))).toBe(true);
    }
    await close();
  });

  it.each(SCREENS)('should have the row of the end of text among the alternatives, at $width x $height', async (screen) => {
    const { page, playground, close } = await open(screen);
    await playground.generate({ seed: '7' });
    for (const token of [0, 30]) {
      await page.locator('.token').nth(token).click();
      await playground.alternatives();
      expect(await isInSight(page, page.locator('.alternatives button', { has: page.locator('.end') }))).toBe(true);
      // A row that the keyboard reaches is not hidden below it.
      const ninth = page.locator('.alternatives button').nth(8);
      await ninth.focus();
      expect(await isInSight(page, ninth)).toBe(true);
      await page.getByRole('button', { name: 'Close' }).click();
    }
    await close();
  });

  it.each(SCREENS)('should have the warning of a prompt that is too long, while it is typed, at $width x $height', async (screen) => {
    const { page, close } = await open(screen);
    const warning = page.locator('#prompt-warning');
    await page.fill('#prompt', 'word '.repeat(400));
    await expect.poll(() => warning.textContent()).toMatch(/^Too long: the context window holds 512 tokens, .* at most \d+\.$/);
    expect(await isInSight(page, warning)).toBe(true);
    expect(await page.getAttribute('#prompt', 'aria-describedby')).toBe('prompt-warning');
    // Typing goes on, and the length that was asked for counts.
    await page.locator('#prompt').press('End');
    await page.keyboard.type('more');
    expect(await page.inputValue('#prompt')).toMatch(/more$/);
    await page.fill('#max_tokens', '20');
    await expect.poll(() => warning.textContent()).toBe('');
    await page.fill('#max_tokens', '500');
    await expect.poll(() => page.locator('#max_tokens-problem').textContent()).toMatch(/^Too long/);
    await page.fill('#prompt', 'word');
    await expect.poll(() => warning.textContent()).toBe('');
    await close();
  });

  it.each(SCREENS)('should have what the model is for and what not, at $width x $height', async (screen) => {
    const { page, close } = await open(screen);
    const use = await page.locator('.use').textContent();
    expect(use).toMatch(/^Good forContinuing a short children's story.*Not forAnything but stories\./);
    if (screen.width > 900) expect(await isInSight(page, page.locator('.use'))).toBe(true);
    await close();
  });
});
