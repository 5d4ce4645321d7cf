import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PACKAGE, PAGE_FILES } from '../../src/local/project-paths.ts';
import { runCli } from './run-cli.ts';

const LIBRARY = join(PACKAGE, 'src', 'library');

let project: string;
let state: string[];
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'gpt-edge-own-app-'));
  state = ['--persist-to', join(project, 'state')];
  await mkdir(join(project, 'src'));
  await symlink(join(PACKAGE, 'node_modules'), join(project, 'node_modules'));
  const config = await readFile(join(PACKAGE, 'template', 'wrangler.toml'), 'utf8');
  await writeFile(join(project, 'wrangler.toml'), config.replace(/^directory = .*$/m, `directory = "${PAGE_FILES}"`));
});
afterAll(() => rm(project, { recursive: true, force: true }));

/** Makes the project's Worker the example of an app of one's own, with its routes mounted in another way. */
async function writeApp(mount: string): Promise<void> {
  await cp(join(PACKAGE, 'examples', 'own-app', 'worker.ts'), join(project, 'src', 'worker.ts'));
  const code = await readFile(join(project, 'src', 'worker.ts'), 'utf8');
  const own = code.replace(".route('/llm', llm)", mount).replaceAll("'gpt-edge'", JSON.stringify(join(LIBRARY, 'index.ts')));
  await writeFile(join(project, 'src', 'worker.ts'), own);
}

/** Starts the project's Worker, and calls what the printed curl line calls. Returns the greeting and the answer. */
async function startAndFollow(port: number): Promise<{ greeting: string; answer?: string }> {
  let greeting = '';
  let answer: string | undefined;
  const follow = async (stdout: string) => {
    greeting = stdout;
    const [, url, body] = /curl -N (\S+) -H 'content-type: application\/json' \\\n {2}-d '(.*)'/.exec(stdout) ?? [];
    if (url === undefined) return;
    answer = await (await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).text();
  };
  const { code, stderr } = await runCli(
    ['start', '--port', String(port), ...state],
    (stdout) => (stdout.includes('Ctrl+C') ? follow(stdout) : undefined),
    process.env,
    project,
  );
  expect({ code, stderr }).toEqual({ code: 130, stderr: '' });
  return { greeting, answer };
}

describe('a project whose Worker is an app of its own', { timeout: 180_000 }, () => {
  it.each([
    ['below a path', ".route('/llm', llm)", '/llm'],
    ['below two paths', ".route('/api', new Hono().route('/v2/llm', llm))", '/api/v2/llm'],
    ['at the root', ".route('/', llm)", ''],
  ])('should be started with a curl line that works: routes %s', async (_, mount, path) => {
    await writeApp(mount);
    const { greeting, answer } = await startAndFollow(18811);
    expect(greeting).toContain(
      `This project's Worker, an app of its own, serves tinystories-gpt2 at http://127.0.0.1:18811${path}, inside`,
    );
    expect(answer).toMatch(/^data: \{"id":"cmpl-[\s\S]*data: \[DONE\]\n\n$/);
  });

  it('should be started without a curl line if the routes are not found', async () => {
    await writeApp(".route(['', 'hid', 'den'].join('/'), llm)");
    const { greeting, answer } = await startAndFollow(18811);
    expect(answer).toBeUndefined();
    expect(greeting).toContain('http://127.0.0.1:18811/<path>/v1/completions');
    expect(greeting).not.toMatch(/\nserves|gpt-edge serves/);
  });

  it("should complete, and serve models to tests, through gpt-edge's own Worker", async () => {
    await writeApp('');
    const args = ['complete', 'Once upon a time', '--temperature', '0', '--max-tokens', '5', ...state];
    const { code, stdout } = await runCli(args, undefined, process.env, project);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Once upon a time, there was a little\n' });
    const program = (await readFile(join(PACKAGE, 'test', 'library', 'consumer', 'local.mjs'), 'utf8')).replace(
      "'gpt-edge/local'",
      JSON.stringify(join(LIBRARY, 'local.ts')),
    );
    await writeFile(join(project, 'local.mjs'), program);
    const served = await promisify(execFile)(process.execPath, ['local.mjs'], { cwd: project });
    expect(served.stdout).toBe(', there was\ngpt-edge\n');
  });

  it("should give its variables to gpt-edge's own Worker", async () => {
    const config = await readFile(join(project, 'wrangler.toml'), 'utf8');
    await writeFile(join(project, 'wrangler.toml'), config.replace(/^MEMORY_LIMIT_MB = .*$/m, 'MEMORY_LIMIT_MB = "15"'));
    const { code, stderr } = await runCli(['complete', 'Once', ...state], undefined, process.env, project);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^gpt-edge: tinystories-gpt2 needs .* over the limit of 15 MB .*\n$/);
  });
});
