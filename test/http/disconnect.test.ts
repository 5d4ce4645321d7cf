import { readdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LocalWorker } from '../../src/local/local-worker.ts';
import { serveDefaultModel } from './serve-default-model.ts';

/** Minutes of work, so that a test notices if it continues. */
const LONG = { prompt: 'Once', max_tokens: 500, n: 128, logit_bias: { 0: -100 } };

const JSON_TYPE = { 'content-type': 'application/json' };

/** CPU seconds that the workerd of this process has used; undefined if the system has no /proc. */
async function cpuSeconds(): Promise<number | undefined> {
  for (const pid of await readdir('/proc').catch(() => [])) {
    const [, name, rest] = /\((.*)\) (.*)/s.exec(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')) ?? [];
    const fields = rest?.split(' ');
    if (name === 'workerd' && Number(fields[1]) === process.pid) return (Number(fields[11]) + Number(fields[12])) / 100;
  }
  return undefined;
}

/** Whether workerd becomes idle within ten seconds, which means that it hardly uses the CPU for half a second. */
async function becomesIdle(): Promise<boolean> {
  for (let look = 0; look < 20; look++) {
    const before = await cpuSeconds();
    await wait(500);
    if ((await cpuSeconds())! - before! < 0.1) return true;
  }
  return false;
}

describe.skipIf(process.platform !== 'linux')('a client that leaves (seen in /proc, so on Linux only)', () => {
  let worker: LocalWorker;
  const post = (body: object) =>
    fetch(new URL('/v1/completions', worker.url), { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(body) });

  /**
   * Sends a request and then resets the connection. If a client only closes its own side, workerd cannot know that
   * nobody reads any more. It does know after a reset, as a Worker knows from Cloudflare's edge.
   */
  async function postAndReset(body: object, until: Promise<unknown>): Promise<void> {
    const text = JSON.stringify(body);
    const socket = connect(Number(worker.url.port), worker.url.hostname).on('error', () => {});
    socket.write(
      `POST /v1/completions HTTP/1.1\r\nhost: edge\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`,
    );
    await until;
    socket.resetAndDestroy();
  }

  beforeEach(async () => {
    worker = await serveDefaultModel();
  });
  afterEach(() => worker.stop());

  it.each([true, false])('should stop decoding (stream: %s)', async (stream) => {
    await (await post({ prompt: 'Once', max_tokens: 1 })).text();
    await postAndReset({ ...LONG, stream }, wait(500));
    expect(await becomesIdle()).toBe(true);
  });

  it('should not abort the loading of a model that others wait for', async () => {
    const first = postAndReset({ prompt: 'Once', max_tokens: 1 }, wait(40));
    await wait(20);
    const others = [1, 2, 3].map(() => post({ prompt: 'Once', max_tokens: 1 }));
    await first;
    expect((await Promise.all(others)).map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it('should not keep others waiting while long answers are generated', async () => {
    const long = [LONG, { ...LONG, stream: true }].map((body) => postAndReset(body, wait(3000)));
    await wait(1500);
    const answer = await post({ prompt: 'Once', max_tokens: 3, temperature: 0 });
    expect(await answer.json()).toMatchObject({ choices: [{ text: ' upon a time' }] });
    await Promise.all(long);
  });
});
