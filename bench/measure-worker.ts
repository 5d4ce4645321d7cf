import { readdir, readFile } from 'node:fs/promises';
import { EdgeClient } from '../src/cli/edge-client.ts';
import { type LocalWorker, startLocalWorker } from '../src/cli/local-worker.ts';
import type { ModelFolder } from '../src/cli/model-folder.ts';
import { pushModel } from '../src/cli/push-model.ts';
import type { Task } from './task.ts';

export interface WorkerFigures {
  /** From the first request to a fresh isolate, the model in R2, to the first token. */
  coldStartMilliseconds: number;
  prefillTokensPerSecond: number;
  decodeTokensPerSecond: number;
  /** Resident memory of the workerd process: before the model is asked for, after its first token, at the end. Undefined where there is no /proc. */
  idleBytes?: number;
  loadedBytes?: number;
  finalBytes?: number;
}

/** The Worker in workerd, through its HTTP API, as a client sees it. */
export async function measureWorker(folder: ModelFolder, task: Task): Promise<WorkerFigures> {
  const { id, eosTokenIds } = folder.manifest;
  const worker = await startLocalWorker({ vars: { PUBLIC: 'true', MODEL_IDS: id } });
  try {
    await pushModel(folder, worker.models);
    await (await fetch(new URL('/health', worker.url))).text();
    const idleBytes = await residentBytes();
    // No EOS, so that every run decodes the same number of tokens.
    const logit_bias = Object.fromEntries(eosTokenIds.map((token) => [token, -100]));
    const coldStart = await timeStream(worker, { prompt: task.decodePrompt, max_tokens: 1 });
    const loadedBytes = await residentBytes();
    // The first time, V8 is still compiling the engine's WebAssembly; so it is for the peer.
    await timeStream(worker, { prompt: task.prefillTokens, max_tokens: 1 });
    const prefill = await timeStream(worker, { prompt: task.prefillTokens, max_tokens: 1 });
    const decode = await timeStream(worker, { prompt: task.decodePrompt, max_tokens: task.decodeTokens, temperature: 0, logit_bias });
    return {
      coldStartMilliseconds: coldStart.firstMilliseconds,
      prefillTokensPerSecond: task.prefillTokens.length / (prefill.firstMilliseconds / 1000),
      decodeTokensPerSecond: (task.decodeTokens - 1) / ((decode.lastMilliseconds - decode.firstMilliseconds) / 1000),
      idleBytes,
      loadedBytes,
      finalBytes: await residentBytes(),
    };
  } finally {
    await worker.stop();
  }
}

/** Milliseconds from the request to the first and the last chunk. */
async function timeStream(worker: LocalWorker, body: object): Promise<{ firstMilliseconds: number; lastMilliseconds: number }> {
  const started = performance.now();
  const times: number[] = [];
  for await (const _chunk of new EdgeClient(worker.url.origin).complete(body)) times.push(performance.now() - started);
  return { firstMilliseconds: times[0], lastMilliseconds: times.at(-1)! };
}

/** Resident memory of this process's workerd child. */
async function residentBytes(): Promise<number | undefined> {
  for (const pid of await readdir('/proc').catch(() => [])) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    if (!status.startsWith('Name:\tworkerd') || !status.includes(`PPid:\t${process.pid}\n`)) continue;
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
  }
  return undefined;
}
