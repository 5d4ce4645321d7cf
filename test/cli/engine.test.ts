import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WireModel } from '../../src/api/openai/schemas/model-schema.ts';
import { DEFAULT_MODEL } from '../../src/local/project-paths.ts';
import { runCli } from './run-cli.ts';

describe('gpt-edge with --engine and --kv-cache', () => {
  let folder: string;
  let state: string[];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gpt-edge-engine-'));
    state = ['--persist-to', join(folder, 'state')];
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Starts gpt-edge; returns the default model as /v1/models shows it, and the fingerprint or error of an answer. */
  async function served(port: number, ...args: string[]): Promise<{ model: WireModel; fingerprint: string; error?: string }> {
    let found: { model: WireModel; fingerprint: string; error?: string } | undefined;
    const look = async () => {
      const { data } = (await (await fetch(`http://127.0.0.1:${port}/v1/models`)).json()) as { data: WireModel[] };
      const answer = await fetch(`http://127.0.0.1:${port}/v1/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ prompt: 'Once', max_tokens: 1 }),
      });
      const { system_fingerprint, error } = (await answer.json()) as { system_fingerprint: string; error?: { message: string } };
      found = { model: data[0], fingerprint: system_fingerprint, error: error?.message };
    };
    await runCli(['start', '--port', String(port), ...args, ...state], (stdout) => (stdout.includes('Ctrl+C') ? look() : undefined));
    return found!;
  }
  const cacheOf = ({ memory }: WireModel) => memory.parts.at(-1)!.name;

  it('should serve with the edge engine by default, or with the engine that is chosen', async () => {
    const auto = await served(18791);
    expect([auto.model.engine, cacheOf(auto.model)]).toEqual(['edge', 'KV cache of 512 tokens in float32']);
    expect(auto.fingerprint).toMatch(/_edge-f32$/);
    const ort = await served(18791, '--engine', 'ort');
    expect([ort.model.engine, cacheOf(ort.model)]).toEqual(['ort', 'KV cache of 512 tokens']);
    expect(ort.fingerprint).toMatch(/_ort$/);
    const small = await served(18791, '--engine', 'edge', '--kv-cache', 'q8');
    expect([small.model.engine, cacheOf(small.model)]).toEqual(['edge', 'KV cache of 512 tokens in 8 bits']);
    expect(small.fingerprint).toMatch(/_edge-q8$/);
  });

  it('should choose the smaller KV cache by itself if the larger one does not fit', async () => {
    const [source, model] = [join(folder, 'source'), join(folder, 'model')];
    await cp(join(import.meta.dirname, '..', 'golden', 'tiny-llama-rope3'), source, { recursive: true });
    const config = JSON.parse(await readFile(join(source, 'config.json'), 'utf8'));
    await writeFile(join(source, 'config.json'), JSON.stringify({ ...config, max_position_embeddings: 2 ** 14 }));
    expect((await runCli(['convert', source, model])).code).toBe(0);
    const { total_bytes, parts } = (await served(18792, '--model', model)).model.memory;
    const limit = (total_bytes - parts.at(-1)!.bytes / 2) / 1e6;
    const smaller = await served(18792, '--model', model, '--var', `MEMORY_LIMIT_MB=${limit}`);
    expect(cacheOf(smaller.model)).toBe('KV cache of 16384 tokens in 8 bits');
  });

  it('should serve without onnxruntime-web, and say so if it is chosen', async () => {
    const alone = await served(18793, '--edge-only');
    expect(alone.fingerprint).toMatch(/_edge-f32$/);
    const { code, stderr } = await runCli(['start', '--port', '18793', '--edge-only', '--engine', 'ort', ...state]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'gpt-edge: tinystories-gpt2 needs onnxruntime-web, which --edge-only leaves out: that engine was chosen\n',
    });
  });

  it('should build a bundle of less than 1 MB without onnxruntime-web', async () => {
    const { code, stdout } = await runCli(['build', '--edge-only']);
    expect(code).toBe(0);
    const [, megabytes] = /([\d.]+) MiB gzip/.exec(stdout)!;
    expect(Number(megabytes)).toBeLessThan(0.95);
  });

  it('should complete with the engine that is chosen', async () => {
    const complete = async (...args: string[]) => {
      const { stdout } = await runCli(['complete', 'Once upon a time', '--max-tokens', '12', '--temperature', '0', ...args, ...state]);
      return stdout;
    };
    const text = await complete('--engine', 'edge', '--kv-cache', 'q8');
    expect(text.startsWith('Once upon a time')).toBe(true);
    // Greedy decoding without near ties: both engines give the same text.
    expect(await complete('--engine', 'ort')).toBe(text);
  });

  it('should compare engines and KV cache formats', async () => {
    const text = join(folder, 'story.txt');
    await writeFile(text, 'Once upon a time, there was a little girl named Lily. She loved to play with her toys.');
    const evaluate = async (...args: string[]) =>
      JSON.parse((await runCli(['eval', DEFAULT_MODEL, '--text', text, '--json', ...args])).stdout);
    const precise = await evaluate('--engine', 'edge', '--kv-cache', 'f32');
    const small = await evaluate('--engine', 'edge', '--kv-cache', 'q8');
    expect(small.model.natsPerToken).not.toBe(precise.model.natsPerToken);
    expect(small.model.natsPerToken).toBeCloseTo(precise.model.natsPerToken, 1);
    const both = await evaluate('--engine', 'edge', '--against', DEFAULT_MODEL, '--against-engine', 'ort');
    expect(both.klDivergence).toBeGreaterThan(0);
    expect(both.klDivergence).toBeLessThan(1e-4);
  });

  it('should show the plan step by step, with the KV cache format that is chosen', async () => {
    const { stdout } = await runCli(['inspect', DEFAULT_MODEL, '--plan', '--kv-cache', 'q8']);
    expect(stdout).toMatch(/^Memory in a Worker with the edge engine/m);
    expect(stdout).toMatch(/^appendQ8 .*layers\.0\.attention\.append$/m);
    expect(stdout).toMatch(/^\d+ steps, 5,767,168 multiply-adds a token, /m);
    const { stdout: without } = await runCli(['inspect', DEFAULT_MODEL]);
    expect(without).toMatch(/^KV cache of 512 tokens in float32 /m);
    expect(without).not.toMatch(/^appendF32/m);
  });

  it('should print that a deployment would leave onnxruntime-web out', async () => {
    const { stdout } = await runCli(['deploy', '--dry-run', '--edge-only']);
    expect(stdout).toContain('Would deploy the Worker, without onnxruntime-web, with');
  });

  it.each([
    ['start', '--engine', 'cuda'],
    ['complete', 'Once', '--kv-cache', 'q4'],
  ])('should refuse %s %s %s', async (...args) => {
    const { code, stderr } = await runCli(args);
    expect(code).toBe(1);
    expect(stderr).toMatch(/Allowed choices are/);
  });
});
