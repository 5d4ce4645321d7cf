import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath } from '../browser/chromium.ts';
import { openPage } from './open-page.ts';
import { PlaygroundPage } from './playground-page.ts';
import { servedPage } from './served-page.ts';

/** What a slow line carries at once, in bytes, and the milliseconds that this takes: about one token. */
const SLOW_BYTES = 512;
const SLOW_MS = 15;

/** A line to the server that can be slow, and cut. */
class Line {
  isBroken = false;
  isSlow = false;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(port: number) {
    this.#server = createServer((client) => {
      if (this.isBroken) return void client.destroy();
      const server = connect(port, '127.0.0.1');
      this.#watch(client, server);
      this.#watch(server, client);
      client.pipe(server);
      void this.#carry(server, client);
    });
  }

  #watch(socket: Socket, other: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#sockets.delete(socket);
      other.destroy();
    });
  }

  async #carry(from: Socket, to: Socket): Promise<void> {
    try {
      for await (const bytes of from as AsyncIterable<Buffer>)
        for (let at = 0; at < bytes.length; at += SLOW_BYTES) {
          to.write(bytes.subarray(at, at + SLOW_BYTES));
          if (this.isSlow) await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
        }
      to.end();
    } catch {
      // The line was cut.
    }
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}

describe.skipIf(chromiumPath === null)('a page whose answer is interrupted, in Chromium', () => {
  const served = servedPage();
  let line: Line;
  let url: string;
  beforeAll(async () => {
    line = new Line(Number(served.worker.url.port));
    url = await line.open();
  });
  afterAll(() => line.close());

  const FIELDS = { prompt: 'Once upon a time', seed: '7', max_tokens: '400' };

  async function open() {
    const opened = await openPage(served.browser, url);
    const playground = new PlaygroundPage(opened.page);
    await playground.ready();
    line.isSlow = true;
    const close = () => {
      line.isSlow = false;
      return opened.close();
    };
    return { ...opened, playground, close };
  }

  /** Begins a generation, and waits until some of its tokens are there. */
  async function begin(page: Page, mode: 'Complete' | 'Chat', tokens = 10): Promise<void> {
    if (mode === 'Chat') await page.getByText('Chat', { exact: true }).click();
    for (const [name, text] of Object.entries(FIELDS)) await page.fill(`#${name}`, text);
    await page.getByRole('button', { name: /^(Generate|Send)/ }).click();
    await page.waitForFunction((count) => document.querySelectorAll('.token').length >= count, tokens);
  }

  /** The tokens of an answer that nothing interrupts. */
  async function whole(mode: 'Complete' | 'Chat'): Promise<number[]> {
    const { page, playground, close } = await open();
    await begin(page, mode);
    await playground.finished();
    const ids = await playground.ids();
    await close();
    return ids;
  }

  it.each(['Complete', 'Chat'] as const)('should go on with it after the connection was cut: %s', async (mode) => {
    const expected = await whole(mode);
    const { page, playground, close } = await open();
    await begin(page, mode);
    for (let cuts = 0; cuts < 3; cuts++) {
      line.cut();
      await page.waitForTimeout(150);
    }
    await playground.finished();
    expect(await playground.ids()).toEqual(expected);
    expect(await page.locator('.load').textContent()).toContain('Model ready');
    await close();
  });

  it.each(['Complete', 'Chat'] as const)('should go on with it after the page was loaded again: %s', async (mode) => {
    const expected = await whole(mode);
    const { page, playground, complaints, close } = await open();
    await begin(page, mode);
    await page.reload();
    await page.waitForFunction(() => document.querySelector('.controls .stop') !== null);
    await playground.finished();
    expect(await playground.ids()).toEqual(expected);
    // The page that is loaded once more has the answer, and asks for nothing.
    await page.reload();
    await playground.ready();
    expect(await playground.ids()).toEqual(expected);
    expect(complaints).toEqual([]);
    await close();
  });

  it('should say so while the server cannot be reached, and go on when it can', async () => {
    const expected = await whole('Complete');
    const { page, playground, close } = await open();
    await begin(page, 'Complete');
    line.isBroken = true;
    line.cut();
    await page.waitForFunction(() => document.querySelector('.load')?.textContent?.includes('does not answer'));
    expect(await page.getByRole('button', { name: /^Stop/ }).count()).toBe(1);
    await page.waitForTimeout(500);
    line.isBroken = false;
    await playground.finished();
    expect(await playground.ids()).toEqual(expected);
    await close();
  });

  it('should have the server end an answer that is stopped', async () => {
    const { page, close } = await open();
    const deleted = page.waitForResponse((answer) => answer.request().method() === 'DELETE');
    await begin(page, 'Complete', 5);
    await page.getByRole('button', { name: /^Stop/ }).click();
    const answer = await deleted;
    expect(answer.status()).toBe(200);
    expect(await fetch(answer.url()).then(({ status }) => status)).toBe(404);
    await close();
  });
});
