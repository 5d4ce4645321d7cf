import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PACKAGE } from '../../src/local/project-paths.ts';
import { runCli } from '../cli/run-cli.ts';
import { compiled, SHIPPED, withoutHash } from './shipped-files.ts';

const run = promisify(execFile);
/** The environment without the variables that npm sets for the scripts it runs, such as `npm test`. */
const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('npm_')));
const OFFLINE = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED|network/;

let folder: string;
let project: string;
let isInstalled = false;

/** Runs the project's `start` script, calls `ask` once it is ready, and stops it. Returns what the script wrote. */
async function startAndAsk(port: number, ask: (origin: string) => Promise<void>): Promise<string> {
  const child = spawn('npm', ['start', '--', '--port', String(port)], { cwd: project, env, detached: true });
  let output = '';
  const ended = new Promise((resolve) => child.once('exit', resolve));
  try {
    await new Promise<void>((resolve, reject) => {
      const hear = (chunk: Buffer) => {
        output += chunk;
        if (output.includes('Ctrl+C')) resolve();
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      child.once('error', reject).once('exit', () => reject(new Error(output)));
    });
    await ask(`http://127.0.0.1:${port}`);
    return output;
  } finally {
    if (child.exitCode === null) process.kill(-child.pid!, 'SIGINT');
    await ended;
  }
}

async function complete(url: string): Promise<string> {
  const body = JSON.stringify({ prompt: 'Once upon a time', max_tokens: 5, temperature: 0 });
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const text = await answer.text();
  return answer.ok ? JSON.parse(text).choices[0].text : text;
}

/** The content type of the script that the playground's page loads. */
async function playgroundScript(origin: string): Promise<string | null> {
  const html = await (await fetch(origin)).text();
  const [, path] = /src="(\/assets\/main-[^"]+)"/.exec(html) ?? [];
  expect(path, html).toBeDefined();
  return (await fetch(origin + path)).headers.get('content-type');
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gpt-edge-package-'));
  project = join(folder, 'My edge');
}, 10_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the package', { timeout: 300_000 }, () => {
  it('should be put into a new project by init, packed with the files it needs and no others', async () => {
    const { code, stdout, stderr } = await runCli(['init', project]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`\n\ncd '${project}'\nnpm install\nnpm start\n`);
    const [tarball] = (await readdir(project)).filter((name) => name.endsWith('.tgz'));
    const { stdout: list } = await run('tar', ['tzf', join(project, tarball)]);
    const shipped = list
      .trim()
      .split('\n')
      .map((path) => path.replace(/^package\//, ''));
    const sources = (await readdir(join(PACKAGE, 'src'), { recursive: true })).map((path) => path.replaceAll('\\', '/'));
    const isCompiled = (path: string) => path.startsWith('dist/lib/');
    const others = shipped.filter((path) => !isCompiled(path)).map(withoutHash);
    expect(others.sort()).toEqual([...SHIPPED].sort());
    const fromSources = new Set(sources.flatMap(compiled));
    expect(shipped.filter((path) => isCompiled(path) && !fromSources.has(path))).toEqual([]);
    expect(shipped).toEqual(expect.arrayContaining(['dist/lib/cli/main.js', 'dist/lib/worker.js', 'dist/lib/core/onnx/onnx-ml_pb.js']));
    const { dependencies } = JSON.parse(await readFile(join(project, 'package.json'), 'utf8'));
    expect(dependencies).toEqual({ 'gpt-edge': `file:${tarball}` });
    const config = await readFile(join(project, 'wrangler.toml'), 'utf8');
    expect(config).toMatch(/^name = "my-edge"$/m);
    expect(config).toMatch(/^directory = "\.\/node_modules\/gpt-edge\/dist\/page"$/m);
    expect((await readdir(project)).sort()).toEqual(['.gitignore', 'README.md', tarball, 'package.json', 'src', 'wrangler.toml'].sort());
  });

  it('should ship every file that its exports name', async () => {
    const { exports } = JSON.parse(await readFile(join(PACKAGE, 'package.json'), 'utf8'));
    const paths = Object.values(exports).flatMap((entry) => (typeof entry === 'string' ? [entry] : Object.values(entry as object)));
    const sources = await readdir(join(PACKAGE, 'src'), { recursive: true });
    const known = [...SHIPPED, ...sources.flatMap(compiled)].map((path) => `./${path}`);
    expect(known).toEqual(expect.arrayContaining(paths));
  });

  it('should not be put into a folder that has files in it', async () => {
    const { code, stderr } = await runCli(['init', project]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/has files in it/);
  });

  it('should install and start with two commands, and complete', async (context) => {
    const args = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--fetch-retries', '0'];
    const failure = await run('npm', args, { cwd: project, env }).then(
      () => null,
      ({ stderr }: { stderr: string }) => stderr,
    );
    if (failure && OFFLINE.test(failure)) {
      console.warn('Skipped: npm cannot reach its registry here, and has not kept all packages that a project needs.');
      return context.skip();
    }
    expect(failure).toBeNull();
    isInstalled = true;
    const output = await startAndAsk(18794, async (origin) => {
      expect(await complete(`${origin}/v1/completions`)).toBe(', there was a little');
      expect(await playgroundScript(origin)).toMatch(/^(text|application)\/javascript/);
    });
    expect(output).toContain('tinystories-gpt2: put README.md');
  });

  it('should have types for compilers with either way of resolving packages', async (context) => {
    if (!isInstalled) return context.skip();
    await run(join(project, 'node_modules', '.bin', 'wrangler'), ['types'], { cwd: project, env });
    await mkdir(join(project, 'check'));
    await cp(join(import.meta.dirname, 'consumer', 'types.ts'), join(project, 'check', 'types.ts'));
    await cp(join(PACKAGE, 'examples', 'own-app', 'worker.ts'), join(project, 'check', 'own-app.ts'));
    const base = { target: 'ES2024', lib: ['ES2024'], strict: true, noEmit: true, types: ['./worker-configuration.d.ts'] };
    for (const compilerOptions of [
      { ...base, module: 'ESNext', moduleResolution: 'bundler', skipLibCheck: false },
      { ...base, module: 'nodenext', moduleResolution: 'nodenext', skipLibCheck: true },
    ]) {
      await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['check'] }));
      const tsc = join(PACKAGE, 'node_modules', 'typescript', 'bin', 'tsc');
      const { stdout } = await run(process.execPath, [tsc, '-p', project]).catch((failed: { stdout: string }) => failed);
      expect(stdout, compilerOptions.moduleResolution).toBe('');
    }
  });

  it("should mount its routes in the project's own app", async (context) => {
    if (!isInstalled) return context.skip();
    await cp(join(PACKAGE, 'examples', 'own-app', 'worker.ts'), join(project, 'src', 'worker.ts'));
    await startAndAsk(18794, async (origin) => {
      expect(await (await fetch(origin)).text()).toBe('An app of my own.');
      expect(await complete(`${origin}/llm/v1/completions`)).toBe(', there was a little');
      expect((await fetch(`${origin}/v1/models`)).status).toBe(404);
    });
  });

  it('should serve a program outside of such a project', async (context) => {
    if (!isInstalled) return context.skip();
    await cp(join(import.meta.dirname, 'consumer', 'local.mjs'), join(project, 'local.mjs'));
    const { stdout } = await run(process.execPath, [join(project, 'local.mjs')], { cwd: folder, env });
    expect(stdout).toBe(', there was\ngpt-edge\n');
  });

  it('should pass itself on: the installed package can init another project, with the same files', async (context) => {
    if (!isInstalled) return context.skip();
    const second = join(folder, 'second');
    await run(process.execPath, [join(project, 'node_modules', 'gpt-edge', 'bin', 'gpt-edge.js'), 'init', second], { cwd: folder, env });
    const tarballs = await Promise.all(
      [project, second].map(async (path) => {
        const [name] = (await readdir(path)).filter((file) => file.endsWith('.tgz'));
        return (await run('tar', ['tzf', join(path, name)])).stdout.split('\n').sort();
      }),
    );
    expect(tarballs[1]).toEqual(tarballs[0]);
  });
});
