import { pushModel } from '../../src/local/bucket/push-model.ts';
import { EdgeClient } from '../../src/local/edge-client.ts';
import { type LocalWorker, startLocalWorker } from '../../src/local/local-worker.ts';
import type { ModelFolder } from '../../src/local/model-folder.ts';
import type { Elapsed } from '../stopwatch.ts';
import { WorkerdProcess } from '../worker/workerd-process.ts';

/** A request for a streamed, greedy completion of a number of tokens. */
export interface Stream {
  /** Token ids or a text. */
  readonly prompt: readonly number[] | string;
  readonly tokens: number;
}

/** When a stream's first and last chunk came, in milliseconds by the clock since all streams were asked for. */
export interface StreamEnds {
  readonly first: number;
  readonly last: number;
}

/** The Worker in a fresh workerd, and many clients that read streams from it at once. */
export class LoadedWorker {
  readonly #worker: LocalWorker;
  readonly #logitBias: Readonly<Record<string, number>>;
  readonly #process = WorkerdProcess.find();

  private constructor(worker: LocalWorker, eosTokenIds: readonly number[]) {
    this.#worker = worker;
    // EOS tokens are suppressed, so that every stream has as many tokens as it may.
    this.#logitBias = Object.fromEntries(eosTokenIds.map((token) => [token, -100]));
  }

  static async start({ path, manifest }: ModelFolder, vars: Readonly<Record<string, string>>): Promise<LoadedWorker> {
    const worker = await startLocalWorker({ vars: { PUBLIC: 'true', MODEL_IDS: manifest.id, ...vars } });
    await pushModel({ path }, worker.models);
    await (await fetch(new URL('/health', worker.url))).text();
    return new LoadedWorker(worker, manifest.eosTokenIds);
  }

  /** Reads all streams at once. @returns the time that it took, and when each of them began and ended */
  async read(streams: readonly Stream[]): Promise<{ time: Elapsed; ends: StreamEnds[] }> {
    const started = performance.now();
    const used = this.#process?.cpu ?? Number.NaN;
    const ends = await Promise.all(streams.map((stream) => this.#readOne(stream, started)));
    return { time: { wall: performance.now() - started, cpu: (this.#process?.cpu ?? Number.NaN) - used }, ends };
  }

  async #readOne({ prompt, tokens }: Stream, started: number): Promise<StreamEnds> {
    let first = Number.NaN;
    const body = { prompt, max_tokens: tokens, temperature: 0, logit_bias: this.#logitBias };
    for await (const _chunk of new EdgeClient(this.#worker.url.origin).complete(body as never))
      if (Number.isNaN(first)) first = performance.now() - started;
    return { first, last: performance.now() - started };
  }

  stop(): Promise<void> {
    return this.#worker.stop();
  }
}
