import { describe, expect, it } from 'vitest';
import { chromiumPath } from '../browser/chromium.ts';
import { openInChromium } from '../browser/open-in-chromium.ts';
import { serveDefaultModel } from './serve-default-model.ts';

/**
 * A page that reads a stream and an error from the Worker, which has another origin, and reports both to its own
 * server.
 */
const page = (origin: string) => `<!doctype html><title>gpt-edge</title><script type="module">
  const post = (body) => fetch('${origin}/v1/completions', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  let text = '', pieces = 0;
  const answer = await post({ prompt: 'Once upon a time', max_tokens: 200, temperature: 0, stream: true });
  for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) { text += piece; pieces++; }
  const refused = await post({ prompt: 'Once', best: 1 });
  const result = { text, pieces, status: refused.status, error: (await refused.json()).error.code, id: refused.headers.get('x-request-id') };
  await fetch('/result', { method: 'POST', body: JSON.stringify(result) });
</script>`;

interface Result {
  text: string;
  pieces: number;
  status: number;
  error: string;
  id: string;
}

describe.skipIf(chromiumPath === null)('a page of another origin, in Chromium', () => {
  it('should read a stream piece by piece, and an error', async () => {
    const worker = await serveDefaultModel();
    try {
      const result = await openInChromium<Result>('/', async () => page(worker.url.origin));
      expect(result.text).toMatch(/^data: .*"text":" there".*data: \[DONE\]\n\n$/s);
      expect(result.pieces).toBeGreaterThan(5);
      expect(result).toMatchObject({ status: 400, error: 'unknown_parameter' });
      expect(result.id).toMatch(/\S/);
    } finally {
      await worker.stop();
    }
  });
});
