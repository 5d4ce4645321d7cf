import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { runCli } from '../cli/run-cli.ts';

it('should be written by the Worker as one line of JSON for each request, unless LOG_REQUESTS is "false"', async () => {
  const state = await mkdtemp(join(tmpdir(), 'gpt-edge-test-'));
  const ids: (string | null)[] = [];
  const ask = async (origin: string) => {
    const headers = { 'content-type': 'application/json', 'x-request-id': 'mine' };
    const body = JSON.stringify({ prompt: 'Once upon a time', max_tokens: 3, stream: true });
    for (const [path, init] of [
      ['/v1/completions', { method: 'POST', headers, body }],
      ['/nowhere', {}],
    ] as const) {
      const answer = await fetch(origin + path, init);
      await answer.text();
      ids.push(answer.headers.get('x-request-id'));
    }
  };
  const start = (port: number, ...args: string[]) =>
    runCli(['start', '--port', String(port), '--persist-to', state, ...args], (stdout) => {
      if (!stdout.includes('Ctrl+C')) return undefined;
      // It takes a moment until workerd passes on what the Worker writes.
      return ask(`http://127.0.0.1:${port}`).then(() => wait(500));
    });
  try {
    const { stdout } = await start(18791);
    const lines = stdout.split('\n').filter((line) => line.startsWith('{"'));
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { path: '/v1/completions', status: 200, prompt_tokens: 4, completion_tokens: 3, finish_reason: 'length', request_id: 'mine' },
      { path: '/nowhere', status: 404, error: 'unknown_url', request_id: ids[1] },
    ]);
    const silent = await start(18791, '--var', 'LOG_REQUESTS=false');
    expect(ids).toHaveLength(4);
    expect(silent.stdout).not.toContain('{"method"');
  } finally {
    await rm(state, { recursive: true, force: true });
  }
});
