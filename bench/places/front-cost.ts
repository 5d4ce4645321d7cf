import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { build } from 'esbuild';
import { miniflare as loadMiniflare } from '../../src/local/load-tools.ts';
import { OWN_PROJECT } from '../../src/local/project-paths.ts';
import { workerConfig } from '../../src/local/worker-config.ts';
import { median } from '../median.ts';
import { WorkerdProcess } from '../worker/workerd-process.ts';

/** Processor time of one streamed answer of 100 tokens, in milliseconds of a workerd that has nothing but the front. */
export interface FrontCost {
  readonly front: number;
  /** The same for a Worker of one line, which fetches the answer and returns it. */
  readonly plain: number;
}

const TOKENS = 100;
/** Events that the default model's streams send together: 100 tokens came in 15 to 19 chunks. */
const TOGETHER = 6;
const REQUESTS = 100;
const WARM_UP = 300;

/**
 * Measures the front by itself. A server in this process stands in the place of the objects, and clients talk to the
 * front's own socket, so that the time of its workerd is that of the front: of its code, and of two connections.
 */
export async function measureFrontCost(runs: number): Promise<FrontCost> {
  const objects = await serveStreams();
  const { convertV4MiniflareOptions, Miniflare } = loadMiniflare();
  const { compatibilityDate, compatibilityFlags } = await workerConfig(OWN_PROJECT);
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      name: 'front',
      compatibilityDate,
      compatibilityFlags: compatibilityFlags as string[],
      modules: [{ type: 'ESModule', path: 'front-worker.js', contents: await bundle() }],
      bindings: { OBJECTS: `http://127.0.0.1:${(objects.address() as AddressInfo).port}/` },
      unsafeDirectSockets: [{}],
      cf: false,
    }),
  );
  try {
    const { origin } = await miniflare.unsafeGetDirectURL('front');
    const workerd = WorkerdProcess.find();
    const time = async (path: string, count: number) => {
      const before = workerd?.cpu ?? Number.NaN;
      for (let request = 0; request < count; request++) await ask(origin + path);
      return ((workerd?.cpu ?? Number.NaN) - before) / count;
    };
    for (const path of [FRONT, PLAIN]) await time(path, WARM_UP);
    const times = { front: [] as number[], plain: [] as number[] };
    for (let run = 0; run < runs; run++) {
      times.front.push(await time(FRONT, REQUESTS));
      times.plain.push(await time(PLAIN, REQUESTS));
    }
    return { front: median(times.front), plain: median(times.plain) };
  } finally {
    await miniflare.dispose();
    objects.close();
  }
}

const FRONT = '/v1/chat/completions';
const PLAIN = '/direct';

/** A server whose answers are streams as an object sends them. */
async function serveStreams(): Promise<Server> {
  const server = createServer(async (request, response) => {
    for await (const _chunk of request);
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
    for (let index = 0; index < TOKENS; index += TOGETHER) {
      const events = Array.from({ length: Math.min(TOGETHER, TOKENS - index) }, (_, offset) => event(index + offset));
      response.write(events.join(''));
      await wait(TOGETHER);
    }
    response.end('data: [DONE]\n\n');
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return server;
}

const event = (index: number): string =>
  `data: {"id":"cmpl-59bbe76cae064be9b4db38fa57b93c89","created":1795874902,"model":"tinystories-gpt2","system_fingerprint":"fp_4545d95a70d9_edge-f32","object":"text_completion","choices":[{"index":0,"text":" token${index}","logprobs":null,"finish_reason":null}]}\n\n`;

async function bundle(): Promise<string> {
  const entry = join(import.meta.dirname, 'front-worker.ts');
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    write: false,
    external: ['cloudflare:workers'],
  });
  return outputFiles[0].text;
}

/** A conversation of 5 kB, whose model is named behind it, as OpenAI's clients do. */
const BODY = JSON.stringify({
  messages: Array.from({ length: 21 }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: `Tell me a story about a "dragon" that has ${index} heads. ${'It lives in a cave. '.repeat(10)}`,
  })),
  stream: true,
  model: 'model',
});

async function ask(url: string): Promise<void> {
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: BODY });
  const text = await answer.text();
  if (!text.endsWith('data: [DONE]\n\n')) throw new Error(`The front has answered ${answer.status} ${text.slice(0, 200)}`);
}
