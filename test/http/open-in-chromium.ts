import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';

/** Where Chromium lies; null where it is missing, and then the tests that need it are skipped. */
export const chromium = await promisify(execFile)('which', ['chromium']).then(
  ({ stdout }) => stdout.trim(),
  () => null,
);
if (chromium === null) console.warn('Skipped: there is no chromium here (Debian: apt-get install chromium).');

const TYPES: Record<string, string> = { '': 'text/html', '.html': 'text/html', '.mjs': 'text/javascript', '.js': 'text/javascript' };

const FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--remote-debugging-port=0'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

/**
 * Opens `path` of an origin of its own in Chromium, and returns what the page posts to `/result` as JSON.
 * @param read the origin's files: the body for a path, or null where there is none
 */
export async function openInChromium<T>(path: string, read: (path: string) => Promise<string | Buffer | null>): Promise<T> {
  const told = Promise.withResolvers<T>();
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url!, 'http://page');
    if (pathname === '/result') {
      const body = (await request.toArray()).join('');
      response.end();
      return told.resolve(JSON.parse(body));
    }
    const body = await read(pathname);
    if (body === null) return response.writeHead(404).end();
    response.setHeader('content-type', TYPES[extname(pathname)] ?? 'application/octet-stream').end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const profile = await mkdtemp(join(tmpdir(), 'gpt-edge-chromium-'));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  const browser = spawn(chromium!, [...FLAGS, `--user-data-dir=${profile}`, url]);
  browser.once('error', told.reject);
  try {
    return await told.promise;
  } finally {
    browser.kill('SIGKILL');
    server.close();
    server.closeAllConnections();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
