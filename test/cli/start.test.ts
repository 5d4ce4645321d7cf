import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_MODEL, PROJECT } from '../../src/local/project-paths.ts';
import { runCli } from './run-cli.ts';

const CLI = join(PROJECT, 'bin', 'gpt-edge.js');
const golden = (name: string) => join(PROJECT, 'test', 'golden', name);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gpt-edge-start-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Asked {
  status: number;
  body: { models?: { id: string; state: string }[]; data?: { id: string; architecture: string }[]; choices?: unknown[]; error?: unknown };
}

async function ask(url: string, body?: object): Promise<Asked | undefined> {
  const init = body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await fetch(url, init).catch(() => undefined);
  return answer && { status: answer.status, body: (await answer.json()) as Asked['body'] };
}

/** Asks /health from the moment of the start, and asks for a completion as soon as it is answered. */
async function askFromTheStart(port: number, args: readonly string[]): Promise<(Asked | undefined)[]> {
  const child = spawn(process.execPath, [CLI, 'start', '--port', String(port), ...args]);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  try {
    const origin = `http://127.0.0.1:${port}`;
    while (!(await ask(`${origin}/health`))) await new Promise((resolve) => setTimeout(resolve, 5));
    return [
      await ask(`${origin}/health`),
      await ask(`${origin}/ready`),
      await ask(`${origin}/v1/models`),
      await ask(`${origin}/v1/completions`, { prompt: 'abc', max_tokens: 1 }),
    ];
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

describe('gpt-edge start', { timeout: 120_000 }, () => {
  it('should answer only once its models are in the bucket, and switch a model as a whole', async () => {
    const state = ['--persist-to', join(folder, 'switched')];
    for (const architecture of ['gpt2', 'llama', 'gpt2']) {
      const model = join(folder, `tiny-${architecture}`);
      await runCli(['convert', golden(`tiny-${architecture}`), model, '--id', 'tiny']);
      const [health, ready, models, completion] = await askFromTheStart(18801, ['--model', model, ...state]);
      expect(health).toMatchObject({ status: 200 });
      expect(ready).toMatchObject({ status: 200, body: { models: [{ id: 'tiny', state: 'loadable' }] } });
      expect(models).toMatchObject({ status: 200, body: { data: [{ id: 'tiny', architecture }] } });
      expect(completion, JSON.stringify(completion)).toMatchObject({ status: 200 });
    }
  });

  it('should start three times at once on a new bucket', async () => {
    const state = ['--persist-to', join(folder, 'shared')];
    const runs = await Promise.all([18802, 18803, 18804].map((port) => runCli(['start', '--port', String(port), ...state], 'Ctrl+C')));
    for (const { code, stdout, stderr } of runs) {
      expect({ code, stderr }).toEqual({ code: 130, stderr: '' });
      expect(stdout).toContain('gpt-edge serves tinystories-gpt2');
    }
    expect(runs.filter(({ stdout }) => stdout.includes('put README.md'))).toHaveLength(1);
    expect(await readdir(join(folder, 'shared'))).not.toContain('gpt-edge.lock');
  });

  it('should go on after a process that died while it pushed', async () => {
    const state = join(folder, 'died');
    const dead = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => dead.once('exit', resolve));
    await mkdir(state);
    await writeFile(join(state, 'gpt-edge.lock'), String(dead.pid));
    const { code, stdout } = await runCli(['list', '--persist-to', state]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'There is no model in the bucket yet. gpt-edge push puts one there.\n' });
  });

  it.each([
    ['start', '--port', '18805'],
    ['deploy', '--dry-run'],
  ])('should refuse a model that cannot run when told to %s, with a sum that adds up', async (...args) => {
    const { code, stdout, stderr } = await runCli([...args, '--var', 'MEMORY_LIMIT_MB=15']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    const [, total, parts] = /^gpt-edge: tinystories-gpt2 needs ([\d.]+) MB: (.*)\. That is over the limit of 15 MB/.exec(stderr) ?? [];
    const sum = parts.split(', ').reduce((tenths, part) => tenths + Math.round(Number(/([\d.]+) MB$/.exec(part)![1]) * 10), 0);
    expect(sum / 10).toBe(Number(total));
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('should say what a model needs before it says that it is served', async () => {
    const state = ['--persist-to', join(folder, 'plan')];
    const { stdout } = await runCli(['start', '--port', '18806', ...state], 'Ctrl+C');
    expect(stdout).toMatch(
      /\ntinystories-gpt2 runs on the edge engine, within 128 MB\. It needs [\d.]+ MB: heap .*, KV cache .* MB\.\n\ngpt-edge serves/,
    );
  });

  it('should serve less of the context window when asked to, and say so', async () => {
    const state = ['--persist-to', join(folder, 'window')];
    let models: Asked | undefined;
    const look = async () => {
      models = await ask('http://127.0.0.1:18808/v1/models');
    };
    const args = ['start', '--port', '18808', '--context', '200', ...state];
    const { stdout } = await runCli(args, (text) => (text.includes('Ctrl+C') ? look() : undefined));
    expect(stdout).toContain('\ntinystories-gpt2: 200 of 512 tokens of the context window are served, as chosen.\n');
    expect(models?.body.data).toMatchObject([
      { context_window: 200, model_context_window: 512 },
      { context_window: 200, parent: 'tinystories-gpt2' },
    ]);
    const long = await runCli(['start', '--port', '18808', '--context', '513', ...state]);
    expect(long).toMatchObject({
      code: 1,
      stderr: 'gpt-edge: tinystories-gpt2 has a context window of 512 tokens, and CONTEXT asks for 513.\n',
    });
  });

  it.each([
    ['128', /^The 2 models take [\d.]+ MB together, so they stay loaded side by side\.$/m],
    ['30', /^The 2 models take [\d.]+ MB together, more than 30 MB, so one that no request uses is unloaded when another needs/m],
  ])('should say what several models take together: in %s MB', async (limit, sum) => {
    const second = join(folder, `second-${limit}`);
    await cp(DEFAULT_MODEL, second, { recursive: true });
    const manifest = JSON.parse(await readFile(join(second, 'manifest.json'), 'utf8'));
    await writeFile(join(second, 'manifest.json'), JSON.stringify({ ...manifest, id: 'second' }));
    const args = ['deploy', '--dry-run', '--model', DEFAULT_MODEL, '--model', second, '--var', `MEMORY_LIMIT_MB=${limit}`];
    const { stdout } = await runCli(args);
    expect(stdout).toMatch(sum);
  });

  it('should refuse variables that the Worker would refuse', async () => {
    const { code, stderr } = await runCli(['start', '--port', '18807', '--var', 'ENGINE=auto,other=ort']);
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'gpt-edge: ENGINE names the model "other", which MODEL_IDS does not.\n' });
  });
});

/** Whether a process runs: a zombie does not. */
async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat !== '' && !/^\d+ \(.*\) [ZX]/s.test(stat);
}

/** All processes below one, by the system's own list. */
async function descendants(pid: number): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const parents = await Promise.all(
    pids.map(async (child) => {
      const text = await readFile(`/proc/${child}/stat`, 'utf8').catch(() => '');
      return [child, Number(/^\d+ \(.*\) \S (\d+)/s.exec(text)?.[1])] as const;
    }),
  );
  const below = (parent: number): number[] => parents.filter(([, of]) => of === parent).flatMap(([child]) => [child, ...below(child)]);
  return below(pid);
}

const launchers: [string, readonly string[]][] = [
  ['npm start', ['npm', 'start', '--']],
  ['npx gpt-edge', ['npx', 'gpt-edge', 'start']],
  ['node', [process.execPath, CLI, 'start']],
];
const kinds = launchers.flatMap(([name, command]) =>
  // npm passes SIGINT to its shell, which goes on, as npm does: in a terminal, Ctrl+C reaches all of them.
  (name === 'node' ? (['SIGTERM', 'SIGHUP', 'SIGINT'] as const) : (['SIGTERM', 'SIGHUP', 'SIGKILL'] as const)).map(
    (signal) => [signal, name, command] as const,
  ),
);

describe.runIf(process.platform === 'linux')('a signal', { timeout: 120_000 }, () => {
  it.each(kinds)('should leave no process behind: %s to %s', async (signal, _, [program, ...args]) => {
    const state = ['--persist-to', join(folder, 'signals')];
    const child = spawn(program, [...args, '--port', '18808', ...state], { cwd: PROJECT, detached: true });
    await new Promise<void>((resolve) => child.stdout.on('data', (chunk) => String(chunk).includes('Ctrl+C') && resolve()));
    const started = [child.pid!, ...(await descendants(child.pid!))];
    expect(started.length).toBeGreaterThan(1);
    child.kill(signal);
    const running = async () => (await Promise.all(started.map(isRunning))).filter(Boolean).length;
    for (let waits = 0; waits < 100 && (await running()) > 0; waits++) await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await running()).toBe(0);
  });
});
