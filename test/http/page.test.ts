import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalWorker, startLocalWorker } from '../../src/local/local-worker.ts';
import { MAX_PAGE_BYTES, pageSize } from '../../src/local/page-size.ts';
import { PACKAGE, PAGE_FILES } from '../../src/local/project-paths.ts';

describe('the page and the reference', () => {
  let worker: LocalWorker;
  beforeAll(async () => {
    worker = await startLocalWorker({ vars: { PUBLIC: 'true' } });
  });
  afterAll(() => worker.stop());
  const get = (path: string, init: RequestInit = {}) => fetch(new URL(path, worker.url), init);
  const assetsOf = (html: string) => [...html.matchAll(/(?:src|href|data-licences)="(\/assets\/[^"]+)"/g)].map(([, path]) => path);

  it.each(['/', '/docs'])('should have a content security policy that allows no other host, and be revalidated: %s', async (path) => {
    const answer = await get(path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('no-cache');
    const policy = Object.fromEntries(
      answer.headers
        .get('content-security-policy')!
        .split('; ')
        .map((rule) => rule.split(/ (.*)/)),
    );
    expect(policy).toMatchObject({ 'default-src': "'none'", 'script-src': "'self'", 'style-src': "'self'", 'connect-src': "'self'" });
    expect(Object.values(policy).join(' ')).toMatch(/^('none'|'self'|data:| )+$/);
    const again = await get(path, { headers: { 'if-none-match': answer.headers.get('etag')! } });
    expect(again.status).toBe(304);
    const head = await get(path, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  it('should name its files by their content, so that browsers keep them forever', async () => {
    for (const page of ['/', '/docs']) {
      const paths = assetsOf(await (await get(page)).text());
      expect(paths.length).toBeGreaterThan(2);
      for (const path of paths) {
        const answer = await get(path);
        expect([path, answer.status]).toEqual([path, 200]);
        expect(path).toMatch(/-[0-9A-Za-z]{8}\.\w+$/);
        expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
        expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      }
    }
  });

  it.each([
    ['GET', '/assets/playground.js', 404, 'unknown_url'],
    ['GET', '/assets/', 404, 'unknown_url'],
    ['GET', '/index.html', 404, 'unknown_url'],
    ['GET', '/docs.html', 404, 'unknown_url'],
    ['GET', '/v1/nothing', 404, 'unknown_url'],
    ['POST', '/', 405, 'method_not_allowed'],
    ['DELETE', '/docs', 405, 'method_not_allowed'],
    ['GET', '/v1/completions', 405, 'method_not_allowed'],
  ])('should not change the errors of the API: %s %s', async (method, path, status, code) => {
    const answer = await get(path, { method });
    expect([answer.status, await answer.json()]).toMatchObject([status, { error: { code } }]);
  });

  it('should stay as small as README.md says', async () => {
    const { pageBytes, referenceBytes } = await pageSize();
    expect(pageBytes).toBeLessThan(MAX_PAGE_BYTES);
    const [, page, reference] = /\((\d+) kB with gzip, the reference (\d+) kB more\)/.exec(
      await readFile(join(PACKAGE, 'README.md'), 'utf8'),
    )!;
    // Versions of zlib differ by a few bytes.
    expect(Math.abs(pageBytes / 1000 - Number(page))).toBeLessThan(1);
    expect(Math.abs(referenceBytes / 1000 - Number(reference))).toBeLessThan(5);
  });

  it('should include the licences of what it is made of', async () => {
    const [, licences] = /data-licences="([^"]+)"/.exec(await readFile(join(PAGE_FILES, 'index.html'), 'utf8'))!;
    const text = await (await get(licences)).text();
    for (const name of ['preact/LICENSE', 'eventsource-parser/LICENSE', 'Apache License', 'SIL OPEN FONT LICENSE'])
      expect(text).toContain(name);
  });
});

describe('a Worker without onnxruntime-web', () => {
  it('should have the page too', async () => {
    const worker = await startLocalWorker({ edgeOnly: true, vars: { PUBLIC: 'true' } });
    try {
      const html = await readFile(join(PAGE_FILES, 'index.html'), 'utf8');
      expect(await (await fetch(worker.url)).text()).toBe(html);
    } finally {
      await worker.stop();
    }
  });
});

describe('a deployment that is not public', () => {
  it('should answer 401 for the page and its files, as for everything else', async () => {
    const worker = await startLocalWorker({ vars: { PUBLIC: 'false' } });
    try {
      const [, script] = /src="([^"]+)"/.exec(await readFile(join(PAGE_FILES, 'index.html'), 'utf8'))!;
      for (const path of ['/', '/docs', script, '/openapi.json']) {
        const answer = await fetch(new URL(path, worker.url));
        expect([path, answer.status, await answer.json()]).toMatchObject([path, 401, { error: { code: 'unauthorized' } }]);
      }
      expect((await fetch(new URL('/health', worker.url))).status).toBe(200);
    } finally {
      await worker.stop();
    }
  });
});
