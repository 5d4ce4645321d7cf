import { pushModel } from '../../src/local/bucket/push-model.ts';
import { EdgeClient } from '../../src/local/edge-client.ts';
import { type LocalWorker, startLocalWorker } from '../../src/local/local-worker.ts';
import type { ModelFolder } from '../../src/local/model-folder.ts';
import { medianFigures } from '../median.ts';
import type { Elapsed } from '../stopwatch.ts';
import { WorkerdProcess } from './workerd-process.ts';

/** What the Worker is measured with. */
export interface WorkerJob {
  readonly folder: ModelFolder;
  readonly engine: string;
  readonly memoryLimitMegabytes: number;
}

/** Times of a streamed answer: from the request to the first chunk, and from there to the last chunk. */
export interface StreamTimes {
  readonly first: Elapsed;
  readonly rest: Elapsed;
}

/**
 * The Worker in a fresh workerd, with its model in local R2 but not loaded yet, and a client that times its answers.
 */
export class BenchWorker {
  readonly #worker: LocalWorker;
  readonly #id: string;
  readonly #eosTokenIds: readonly number[];
  readonly process: WorkerdProcess | undefined;

  private constructor(worker: LocalWorker, id: string, eosTokenIds: readonly number[]) {
    this.#worker = worker;
    this.#id = id;
    this.#eosTokenIds = eosTokenIds;
    this.process = WorkerdProcess.find();
  }

  static async start({ folder, engine, memoryLimitMegabytes }: WorkerJob, inspectorPort?: number): Promise<BenchWorker> {
    const { id, eosTokenIds } = folder.manifest;
    const vars = { PUBLIC: 'true', MODEL_IDS: id, MEMORY_LIMIT_MB: String(memoryLimitMegabytes), ENGINE: engine };
    const worker = await startLocalWorker({ vars, inspectorPort });
    await pushModel(folder, worker.models);
    await (await fetch(new URL('/health', worker.url))).text();
    return new BenchWorker(worker, id, eosTokenIds);
  }

  /** The build of the kernels that runs in workerd. It is asked for without loading the model. */
  async kernels(): Promise<string> {
    const answer = await fetch(new URL(`/v1/models/${this.#id}`, this.#worker.url));
    return ((await answer.json()) as { kernels: string }).kernels;
  }

  /** Times a streamed greedy completion of exactly `maxTokens` tokens. */
  async complete(prompt: readonly number[], maxTokens: number): Promise<StreamTimes> {
    const started = this.#now();
    let first: Elapsed | undefined;
    for await (const _chunk of new EdgeClient(this.#worker.url.origin).complete(this.#body(prompt, maxTokens))) first ??= this.#now();
    return { first: between(started, first!), rest: between(first!, this.#now()) };
  }

  /** Medians of several completions, after one that is not counted because V8 still compiles the kernels. */
  async completeOften(times: number, prompt: readonly number[], maxTokens: number): Promise<StreamTimes> {
    await this.complete(prompt, maxTokens);
    const runs: StreamTimes[] = [];
    for (let run = 0; run < times; run++) runs.push(await this.complete(prompt, maxTokens));
    return { first: medianFigures(runs.map(({ first }) => first)), rest: medianFigures(runs.map(({ rest }) => rest)) };
  }

  /** Times the same completion without streaming, so without a chunk for each token. */
  async completeWhole(prompt: readonly number[], maxTokens: number): Promise<Elapsed> {
    const started = this.#now();
    const body = JSON.stringify({ ...this.#body(prompt, maxTokens), stream: false });
    const answer = await fetch(new URL('/v1/completions', this.#worker.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    const { usage } = (await answer.json()) as { usage: { completion_tokens: number } };
    if (usage.completion_tokens !== maxTokens)
      throw new Error(`The Worker has generated ${usage.completion_tokens} tokens instead of ${maxTokens}.`);
    return between(started, this.#now());
  }

  #now(): Elapsed {
    return { wall: performance.now(), cpu: this.process?.cpu ?? Number.NaN };
  }

  #body(prompt: readonly number[], maxTokens: number) {
    // EOS tokens are suppressed, so that every run decodes the same number of tokens.
    const logit_bias = Object.fromEntries(this.#eosTokenIds.map((token) => [token, -100]));
    return { prompt, max_tokens: maxTokens, temperature: 0, logit_bias };
  }

  stop(): Promise<void> {
    return this.#worker.stop();
  }
}

function between(from: Elapsed, to: Elapsed): Elapsed {
  return { wall: to.wall - from.wall, cpu: to.cpu - from.cpu };
}
