import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { launchChromium } from './chromium.ts';

const TYPES: Record<string, string> = { '': 'text/html', '.html': 'text/html', '.mjs': 'text/javascript', '.js': 'text/javascript' };

/**
 * Opens a page in Chromium, from a server of its own, and returns what the page posts to `/result` as JSON.
 * @param path the page's path on the server
 * @param read returns the server's file for a path, or null if there is none
 */
export async function openInChromium<T>(path: string, read: (path: string) => Promise<string | Buffer | null>): Promise<T> {
  const posted = Promise.withResolvers<T>();
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url!, 'http://page');
    if (pathname === '/result') {
      const body = (await request.toArray()).join('');
      response.end();
      return posted.resolve(JSON.parse(body));
    }
    const body = await read(pathname);
    if (body === null) return response.writeHead(404).end();
    response.setHeader('content-type', TYPES[extname(pathname)] ?? 'application/octet-stream').end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
    return await posted.promise;
  } finally {
    await browser.close();
    server.close();
    server.closeAllConnections();
  }
}
