import { convertV4MiniflareOptions, Miniflare, Response } from 'miniflare';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { putModels } from '../../src/local/bucket/put-models.ts';
import { localWorkerOptions } from '../../src/local/local-worker.ts';
import { chromiumPath, launchChromium } from '../browser/chromium.ts';
import { PlaygroundPage } from './playground-page.ts';

/** Turnstile's script and its check are Cloudflare's, and not reachable from a test: local ones answer in their form. */
const WIDGET = `globalThis.turnstile = {
  render(element, { sitekey, callback }) {
    const button = document.createElement('button');
    button.textContent = 'Solve ' + sitekey;
    button.onclick = () => callback('a solved token');
    element.append(button);
    return 'widget';
  },
  remove() {},
};`;

describe.skipIf(chromiumPath === null)('a public deployment with Turnstile, in Chromium', { timeout: 120_000 }, () => {
  let miniflare: Miniflare;
  let browser: Browser;
  const checked: unknown[] = [];
  beforeAll(async () => {
    const vars = { PUBLIC: 'true', TURNSTILE_SITE_KEY: 'the-site-key', TURNSTILE_SECRET: 'the secret' };
    const outboundService = async (request: { url: string; json(): Promise<unknown> }) => {
      checked.push([request.url, await request.json()]);
      return Response.json({ success: true });
    };
    const edge = { ...(await localWorkerOptions({ vars })), outboundService };
    miniflare = new Miniflare(convertV4MiniflareOptions({ workers: [edge], host: '127.0.0.1', port: 0, cf: false } as never));
    await putModels(miniflare);
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await miniflare?.dispose();
  });

  it('should let the playground in after its challenge, within the policy of the page', async () => {
    const url = await miniflare.ready;
    const context = await browser.newContext();
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    const violations: string[] = [];
    page.on('console', (message) => /Content Security Policy|Refused to/.test(message.text()) && violations.push(message.text()));
    await page.route('https://challenges.cloudflare.com/**', (route) => route.fulfill({ contentType: 'text/javascript', body: WIDGET }));
    await page.goto(url.href);
    await page.getByRole('dialog').getByRole('button', { name: 'Solve the-site-key' }).click();
    await new PlaygroundPage(page).ready();
    expect(await page.getByRole('dialog').count()).toBe(0);
    expect(violations).toEqual([]);
    expect(checked).toEqual([
      [
        'https://challenges.cloudflare.com/turnstile/v0/siteverify',
        expect.objectContaining({ secret: 'the secret', response: 'a solved token' }),
      ],
    ]);
    await context.close();
    // Whoever solved nothing gets nothing.
    expect((await fetch(new URL('/v1/models', url))).status).toBe(401);
  });

  it('should allow other origins nothing where there is no Turnstile', async () => {
    const { headers } = await fetch(await miniflare.ready);
    expect(headers.get('content-security-policy')).toContain("script-src 'self' https://challenges.cloudflare.com;");
    const { headers: reference } = await fetch(new URL('/docs', await miniflare.ready));
    expect(reference.get('content-security-policy')).toContain("script-src 'self';");
  });
});
