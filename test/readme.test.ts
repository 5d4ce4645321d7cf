import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalWorker } from '../src/local/local-worker.ts';
import { PROJECT } from '../src/local/project-paths.ts';
import { serveDefaultModel } from './http/serve-default-model.ts';

const run = promisify(execFile);
const readme = await readFile(join(PROJECT, 'README.md'), 'utf8');
const examples = [...readme.matchAll(/^```(sh|js)\n([\s\S]*?)^```/gm)]
  .map(([, language, code]) => ({ language, code }))
  .filter(({ code }) => code.includes('127.0.0.1:8787'))
  // test/cli/add.test.ts runs the one that asks a model which was added.
  .filter(({ code }) => !code.includes('SmolLM2'));

describe('the examples in README.md', () => {
  let worker: LocalWorker;
  beforeAll(async () => {
    worker = await serveDefaultModel();
  });
  afterAll(() => worker.stop());

  /** Runs an example as if a reader had pasted it, but against the Worker of this test. */
  async function paste({ language, code }: { language: string; code: string }): Promise<string> {
    const text = code.replaceAll('http://127.0.0.1:8787', worker.url.origin);
    if (language === 'sh') return (await run('bash', ['-c', text.replaceAll('curl ', 'curl -sS --fail-with-body ')])).stdout;
    // The file lies in the project, where Node finds the package `openai`.
    const file = join(PROJECT, `readme-example-${process.pid}.mjs`);
    await writeFile(file, text);
    try {
      return (await run(process.execPath, [file])).stdout;
    } finally {
      await rm(file);
    }
  }

  it('should be in the document', () => {
    expect(examples.map(({ language }) => language).sort()).toEqual(['js', 'js', 'sh', 'sh', 'sh', 'sh', 'sh', 'sh']);
  });

  const expected = [
    /wise old owl.*queen/s,
    /^data: .*data: \[DONE\]\n\n$/s,
    /dragon/,
    /\w+ \w+/,
    /frog/i,
    /"status":"validating"/,
    /"token":" time"/,
    /"context_window":512/,
  ];
  it.each(examples.map((example, index) => ({ ...example, answer: expected[index] })))('should work: $code', async (example) => {
    expect(await paste(example)).toMatch(example.answer);
  });
});
