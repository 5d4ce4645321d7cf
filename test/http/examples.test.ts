import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChatCompletion } from '../../src/api/openai/schemas/chat-schema.ts';
import type { Completion } from '../../src/api/openai/schemas/completion-schema.ts';
import type { LocalWorker } from '../../src/local/local-worker.ts';
import { PACKAGE } from '../../src/local/project-paths.ts';
import { chromiumPath } from '../browser/chromium.ts';
import { openInChromium } from '../browser/open-in-chromium.ts';
import { serveDefaultModel } from './serve-default-model.ts';

const run = promisify(execFile);
const EXAMPLES = join(PACKAGE, 'examples');

const hasPackages = existsSync(join(EXAMPLES, 'node_modules', 'openai'));
if (!hasPackages) console.warn('Skipped: the packages of the examples are not here. "npm ci --prefix examples" brings them.');

const python = process.env.PYTHON ?? 'python3';
const hasPython = await run(python, ['-c', 'import openai']).then(
  () => true,
  () => false,
);
if (!hasPython) console.warn('Skipped: there is no Python with openai here. "pip install openai" brings it.');

/**
 * Uses a page as its reader would, and reports the story that it shows. The test appends it to the page of the example.
 */
const READER = `<script type="module">
  const tell = () => 'done' in document.body.dataset && fetch('/result', { method: 'POST', body: JSON.stringify(document.querySelector('p').textContent) });
  new MutationObserver(tell).observe(document.body, { attributes: true });
  document.querySelector('form')?.requestSubmit();
  tell();
</script>`;

async function readExample(path: string): Promise<string | Buffer | null> {
  const bytes = await readFile(join(EXAMPLES, path)).catch(() => null);
  return bytes && path.endsWith('.html') ? bytes.toString() + READER : bytes;
}

describe('the examples', () => {
  let worker: LocalWorker;
  let env: NodeJS.ProcessEnv;
  /** What the API itself answers to the requests of the examples. */
  let frog: string;
  let story: string;
  beforeAll(async () => {
    worker = await serveDefaultModel();
    const messages = [{ role: 'user', content: 'Tell me a story about a frog.' }];
    frog = (await ask<ChatCompletion>('/v1/chat/completions', { messages, max_tokens: 60, seed: 1 })).choices[0].message.content!;
    const prompt = 'Once upon a time';
    story = prompt + (await ask<Completion>('/v1/completions', { prompt, max_tokens: 60, seed: 1 })).choices[0].text;
    expect([frog, story]).toEqual([expect.stringContaining('frog'), expect.stringMatching(/^.{100}/s)]);
    env = { ...process.env, GPT_EDGE_URL: worker.url.origin, PYTHONIOENCODING: 'utf8' };
  });
  afterAll(() => worker.stop());

  async function ask<T>(path: string, body: object): Promise<T> {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(new URL(path, worker.url), { method: 'POST', headers, body: JSON.stringify(body) });
    return answer.json() as Promise<T>;
  }
  const node = async (file: string) => (await run(process.execPath, [join(EXAMPLES, file)], { env })).stdout;
  const open = (page: string) => openInChromium<string>(`/${page}?edge=${encodeURIComponent(worker.url.origin)}`, readExample);

  it.skipIf(!chromiumPath)('should show a story in a plain page while it is generated', async () => {
    const shown = await open('fetch-page.html');
    expect(shown.startsWith(story)).toBe(true);
    expect(shown.length).toBeGreaterThan(story.length);
  });

  it.skipIf(!chromiumPath || !hasPackages)('should use the openai client in a browser', async () => {
    expect(await open('openai-page.html')).toContain(frog);
  });

  it.skipIf(!hasPackages)('should use the openai client in Node', async () => {
    const printed = await node('openai-node.mjs');
    expect(printed).toContain(story);
    expect(printed).toContain(frog);
    expect(printed).toMatch(/\n77 tokens, request [0-9a-f-]{36}\n400 context_length_exceeded max_tokens\n$/);
  });

  it.skipIf(!hasPackages)("should use Vercel's AI SDK", async () => {
    const printed = await node('vercel-ai-sdk.mjs');
    expect(printed).toContain(frog);
    expect(printed).toMatch(/\n60 tokens\nlength: .*dog/s);
  });

  it.skipIf(!hasPackages)('should use LangChain.js', async () => {
    const printed = await node('langchain.mjs');
    expect(printed).toContain(frog);
    expect(printed).toMatch(/\n\n.*little dog/s);
  });

  it.skipIf(!hasPython)('should use the openai client in Python', async () => {
    const { stdout } = await run(python, [join(EXAMPLES, 'openai_client.py')], { env });
    expect(stdout).toContain(story);
    expect(stdout).toContain(frog);
    expect(stdout).toMatch(/\n77 tokens\n400 context_length_exceeded max_tokens\n$/);
  });
});
