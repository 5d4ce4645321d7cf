import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convertModel } from '../../src/convert/convert-model.ts';
import type { LocalWorker } from '../../src/local/local-worker.ts';
import { DEFAULT_MODEL, PROJECT } from '../../src/local/project-paths.ts';
import { serveModels } from '../../src/local/serve-models.ts';
import { runCli } from '../cli/run-cli.ts';
import { LONG_RUN } from '../long-run.ts';

const ID = 'tinystories-gpt2';
const CALLERS = 8;
/** What callers ask for, with seeds: each version has one text for each of them. */
const BODIES = Array.from({ length: 6 }, (_, seed) => ({
  prompt: seed % 2 === 0 ? 'Once' : 'The sun',
  max_tokens: 20 + 8 * seed,
  seed,
  stream: seed % 3 === 0,
}));

/** Another model under the same id: with other files, another tokenizer, and another architecture. */
let other: string;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gpt-edge-versions-'));
  other = join(folder, 'other');
  await convertModel({ source: join(PROJECT, 'test/golden/tiny-llama'), target: other, id: ID, dtype: 'fp16' });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function textOf(answer: Response, isStream: boolean): Promise<string> {
  const text = await answer.text();
  const events = isStream ? [...text.matchAll(/^data: (\{.*)$/gm)].map(([, event]) => event) : [text];
  return events.map((event) => JSON.parse(event).choices[0].text).join('');
}

describe.each(LONG_RUN ? ['object', 'worker'] : ['object'])(
  'a model that is pushed while callers ask for it, with the engine in the %s',
  (place) => {
    let worker: LocalWorker;
    let state: string;
    beforeAll(async () => {
      state = join(folder, place);
      // Answers are made in several slices, some of which come after a version has moved.
      worker = await serveModels({
        models: [DEFAULT_MODEL],
        persistTo: state,
        vars: { ENGINE_PLACE: place, CPU_BUDGET_MS: place === 'object' ? '40' : 'unlimited' },
      });
    });
    afterAll(() => worker?.stop());

    async function ask(body: (typeof BODIES)[number]) {
      const answer = await fetch(new URL('/v1/completions', worker.url), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
      return { version: answer.headers.get('x-model-version')!, text: await textOf(answer, body.stream) };
    }

    const cli = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await runCli([...args, '--persist-to', state]);
      expect({ code, stderr: stderr.replaceAll(/^Pushing.*$/gm, '').trim() }).toEqual({ code: 0, stderr: '' });
      return stdout;
    };
    const pushedVersion = (stdout: string) => /The version is ([0-9a-f]{12})/i.exec(stdout)?.[1];

    it('should answer all of them, each by one version, and all by the current one before long', { timeout: 240_000 }, async () => {
      const texts = new Map<string, Set<string>>();
      const seen = new Map<string, number>();
      let isOver = false;
      let answers = 0;
      const caller = async (first: number) => {
        for (let index = first; !isOver; index++) {
          const body = BODIES[index % BODIES.length];
          const { version, text } = await ask(body);
          const key = `${version} ${body.seed}`;
          texts.set(key, (texts.get(key) ?? new Set()).add(text));
          seen.set(version, ++answers);
        }
      };
      const calls = Promise.all(Array.from({ length: CALLERS }, (_, index) => caller(index)));
      /** Waits until a number of answers have come of which the last ones are all of this version. */
      const untilAllBy = async (version: string) => {
        for (let last = 0; ; ) {
          await new Promise((resolve) => setTimeout(resolve, 200));
          await Promise.race([calls, null]);
          const others = [...seen].filter(([known]) => known !== version).map(([, at]) => at);
          last = Math.max(0, ...others);
          if ((seen.get(version) ?? 0) > last + 5 * CALLERS) return;
        }
      };
      try {
        const versions: string[] = [];
        for (const model of [other, DEFAULT_MODEL, other]) {
          const version = pushedVersion(await cli('push', model))!;
          versions.push(version);
          await untilAllBy(version);
        }
        expect(new Set(versions).size).toBe(2);
        expect(await cli('rollback', ID)).toBe(`${ID}: the version is ${versions[1]}, and was ${versions[0]}.\n`);
        await untilAllBy(versions[1]);
        const list = await cli('versions', ID);
        expect(list).toMatch(new RegExp(`^${versions[0]} .*\\n${versions[1]} .*current$`, 'm'));
        expect(await cli('prune', '--keep', '0')).toContain(`${ID}: deleted ${versions[0]};`);
        expect(await cli('list')).toContain(versions[1]);
        await untilAllBy(versions[1]);
      } finally {
        isOver = true;
        await calls;
      }
      console.log(`${place}: ${answers} answers by ${seen.size} versions`);
      expect(texts.size).toBe(2 * BODIES.length);
      for (const [key, found] of texts) expect([...found], key).toHaveLength(1);
      for (const { seed } of BODIES)
        expect(new Set([...texts].filter(([key]) => key.endsWith(` ${seed}`)).flatMap(([, found]) => [...found])).size).toBe(2);
    });
  },
);
