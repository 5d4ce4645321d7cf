import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { LocalWorker } from '../../src/local/local-worker.ts';
import { PROJECT } from '../../src/local/project-paths.ts';
import { serveModels } from '../../src/local/serve-models.ts';
import { runCli } from './run-cli.ts';

interface ResultLine {
  custom_id: string;
  response: { status_code: number; body: { choices?: { text: string }[] } };
}

describe('gpt-edge batch', () => {
  let worker: LocalWorker;
  let folder: string;
  let url: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gpt-edge-batch-'));
    worker = await serveModels({});
    url = worker.url.origin;
  });
  afterAll(async () => {
    await worker.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const request = (index: number, body: object = {}) =>
    JSON.stringify({
      ...{ custom_id: `request-${index}`, method: 'POST', url: '/v1/completions' },
      body: { prompt: `Story ${index}: once`, max_tokens: 4, temperature: 0, ...body },
    });
  async function inputOf(name: string, lines: readonly string[]): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, lines.join('\n'));
    return path;
  }
  const linesOf = async (path: string) =>
    (await readFile(path, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as ResultLine);
  const batch = (...args: string[]) => runCli(['batch', ...args, '--url', url]);
  const exists = (path: string) =>
    stat(path).then(
      () => true,
      () => false,
    );

  it('should write the answers to a file of requests', async () => {
    const input = await inputOf('good.jsonl', [request(0), request(1), request(2)]);
    const { code, stderr } = await batch(input);
    expect([code, stderr]).toEqual([0, expect.stringContaining(`3 of 3 requests are answered in ${input}.out.`)]);
    const answers = await linesOf(`${input}.out`);
    expect(answers.map(({ custom_id }) => custom_id)).toEqual(['request-0', 'request-1', 'request-2']);
    for (const { response } of answers) expect(response.body.choices![0].text).not.toBe('');
    for (const left of ['.out.errors', '.out.batch.json', '.out.part']) expect(await exists(input + left), left).toBe(false);
  });

  it('should write errors beside the answers, and end with an error', async () => {
    const input = await inputOf('bad.jsonl', [request(0), request(1, { max_tokens: 100_000 })]);
    const out = join(folder, 'answers.jsonl');
    const { code, stderr } = await batch(input, '--out', out);
    expect(code).toBe(1);
    expect(stderr).toContain(`1 have an error in ${out}.errors.`);
    expect(stderr).toMatch(/gpt-edge: The batch batch_\w+ is completed, and 1 of its 2 requests have no answer\.\n$/);
    expect((await linesOf(out)).map(({ custom_id }) => custom_id)).toEqual(['request-0']);
    expect((await linesOf(`${out}.errors`))[0].response.status_code).toBe(400);
  });

  it('should say which line of a file is wrong, and what else is', async () => {
    const input = await inputOf('wrong.jsonl', [request(0), '{"custom_id": "x"}']);
    expect(await batch(input)).toMatchObject({ code: 1, stderr: expect.stringContaining('Line 2: ') });
    expect(await batch(join(folder, 'missing.jsonl'))).toMatchObject({ code: 1, stderr: expect.stringContaining('cannot be read') });
    expect(await batch(await inputOf('no.jsonl', ['no']))).toMatchObject({ code: 1, stderr: expect.stringContaining('is no JSON') });
    expect(await batch('get', 'batch_x')).toMatchObject({ code: 1, stderr: 'gpt-edge: There is no batch batch_x.\n' });
  });

  it('should submit, show, cancel and get a batch', async () => {
    const many = Array.from({ length: 1500 }, (_, index) => request(index, { max_tokens: 60 }));
    const { stdout } = await batch('submit', await inputOf('many.jsonl', many));
    const id = stdout.trim();
    expect(id).toMatch(/^batch_[0-9a-f]{44}$/);
    const shown = await batch('status', id);
    expect(shown.stdout).toMatch(new RegExp(`${id} +(validating|in_progress) `));
    expect((await batch('status', '--limit', '1')).stdout).toContain(id);
    expect((await batch('cancel', id)).stdout).toMatch(new RegExp(`^The batch ${id} is cancell(ing|ed)\\.`));
    const out = join(folder, 'cancelled.jsonl');
    const got = await batch('get', id, '--out', out);
    expect(got.code).toBe(1);
    expect(got.stderr).toContain(`The batch ${id} is cancelled, and `);
    expect((await linesOf(`${out}.errors`)).length).toBeGreaterThan(0);
  });

  it('should wait while the server is away, and go on with its batch when it was interrupted', async () => {
    const front = await awayFront(url);
    const input = await inputOf('interrupted.jsonl', [request(0), request(1)]);
    const child = spawn(process.execPath, [join(PROJECT, 'bin', 'gpt-edge.js'), 'batch', input, '--url', front.url]);
    let stderr = '';
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    // It looks again and again, and is answered by a broken connection, or by something that is not gpt-edge.
    await vi.waitUntil(() => front.refused > 2, 30_000);
    child.kill('SIGINT');
    const [code] = await once(child, 'close');
    expect([code, stderr]).toEqual([1, expect.stringContaining('goes on. Give the same command again to go on.')]);
    front.isAway = false;
    const again = await runCli(['batch', input, '--url', front.url]);
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining('was begun before. Waiting for it.')]);
    expect(front.created).toBe(1);
    expect(await linesOf(`${input}.out`)).toHaveLength(2);
    front.server.close();
  });
});

/** A server in front of the Worker that is away for whoever looks at a batch, as long as `isAway` is set. */
async function awayFront(origin: string) {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const front = { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, isAway: true, refused: 0, created: 0 };
  server.on('request', async (request, response) => {
    const isLook = request.method === 'GET' && request.url!.startsWith('/v1/batches/');
    if (request.method === 'POST' && request.url === '/v1/batches') front.created++;
    if (front.isAway && isLook) return front.refused++ % 2 === 0 ? request.socket.destroy() : response.writeHead(503).end('<html>');
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk as Uint8Array);
    const headers = { 'content-type': request.headers['content-type'] ?? '' };
    const body = request.method === 'POST' ? Buffer.concat(chunks) : undefined;
    const answer = await fetch(origin + request.url, { method: request.method, headers, body });
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  return front;
}
