import { setTimeout as wait } from 'node:timers/promises';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { printTable } from '../../src/cli/printing/print-table.ts';
import { pushModel } from '../../src/local/bucket/push-model.ts';
import { startLocalWorker } from '../../src/local/local-worker.ts';
import type { ModelFolder } from '../../src/local/model-folder.ts';
import { WorkerdProcess } from '../worker/workerd-process.ts';

/** What a request asks for: lengths of a chat's short answer, of a paragraph and of a page, and prompts of three lengths. */
const LENGTHS = [16, 48, 120];
const PROMPTS = ['Once upon a time', 'Tom and his dog went to the park. '.repeat(4), 'The sun was warm and the sky was blue. '.repeat(12)];

interface Waits {
  /** Milliseconds by the clock to the first token of each answer, waits for room included. */
  readonly firsts: number[];
  /** Milliseconds for each further token of each answer. */
  readonly nexts: number[];
  tokens: number;
  /** Answers with 503 `overloaded` and `Retry-After`, after which the caller waits and asks again. */
  refused: number;
  /** Whatever else went wrong, by its status or message. */
  readonly faults: Map<string, number>;
}

/** Lets many callers ask the Worker again and again for some time, and prints how long they wait. */
export async function printCallers(
  { path, manifest }: ModelFolder,
  { engine, callers, seconds }: { engine: string; callers: number; seconds: number },
): Promise<void> {
  const worker = await startLocalWorker({ vars: { PUBLIC: 'true', PUBLIC_LIMITS: 'off', MODEL_IDS: manifest.id, ENGINE: engine } });
  try {
    await pushModel({ path }, worker.models);
    const url = new URL('/v1/completions', worker.url);
    const process = WorkerdProcess.find();
    const load = (end: number) => {
      const waits: Waits = { firsts: [], nexts: [], tokens: 0, refused: 0, faults: new Map() };
      return Promise.all(Array.from({ length: callers }, (_, caller) => call(url, caller, end, waits))).then(() => waits);
    };
    // The model is loaded, V8 compiles what runs often, and the KV cache grows as far as it will.
    await load(performance.now() + 10_000);
    const before = process?.residentBytes ?? Number.NaN;
    const started = performance.now();
    const waits = await load(started + 1000 * seconds);
    const elapsed = (performance.now() - started) / 1000;
    console.log(`\n${callers} callers of ${manifest.id} in workerd, over HTTP, for ${elapsed.toFixed(0)} s`);
    printTable(['', 'figure'], rows(waits, elapsed, before, process?.residentBytes ?? Number.NaN));
  } finally {
    await worker.stop();
  }
}

function rows(waits: Waits, seconds: number, before: number, after: number): string[][] {
  const { firsts, nexts, tokens, refused, faults } = waits;
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);
  const percentiles = (values: number[], digits: number) => {
    values.sort((a, b) => a - b);
    return [0.5, 0.95, 0.99].map((share) => values[Math.floor(share * (values.length - 1))].toFixed(digits)).join(' / ');
  };
  return [
    ['answers; tokens per second', `${firsts.length}; ${(tokens / seconds).toFixed(0)}`],
    ['to the first token, p50 / p95 / p99, ms', percentiles(firsts, 0)],
    ['for each further token, p50 / p95 / p99, ms', percentiles(nexts, 1)],
    ['refused with 503 overloaded and Retry-After', String(refused)],
    ['anything else than an answer', faults.size === 0 ? 'none' : [...faults].map(([what, count]) => `${count} x ${what}`).join(', ')],
    ["workerd's resident memory before and after, MB", `${megabytes(before)}, ${megabytes(after)}`],
  ];
}

/** One caller, who asks for the next answer when the last one has ended. */
async function call(url: URL, caller: number, end: number, waits: Waits): Promise<void> {
  for (let round = 0; performance.now() < end; round++) {
    const [prompt, max_tokens] = [PROMPTS[(caller + round) % PROMPTS.length], LENGTHS[(caller >> 1) % LENGTHS.length]];
    const body = JSON.stringify({ prompt, max_tokens, seed: 1000 * caller + round, stream: true, return_token_ids: true });
    try {
      await readAnswer(url, body, waits);
    } catch (error) {
      const { message } = error as Error;
      waits.faults.set(message, (waits.faults.get(message) ?? 0) + 1);
    }
  }
}

async function readAnswer(url: URL, body: string, waits: Waits): Promise<void> {
  const asked = performance.now();
  let answer = await post(url, body);
  while (answer.status === 503 && answer.headers.has('retry-after')) {
    waits.refused++;
    await answer.text();
    await wait(1000 * Number(answer.headers.get('retry-after')));
    answer = await post(url, body);
  }
  if (answer.status !== 200) throw new Error(`status ${answer.status}`);
  let first = Number.NaN;
  let tokens = 0;
  for await (const { data } of answer.body!.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())) {
    if (data === '[DONE]') break;
    const chunk = JSON.parse(data) as { choices: { token_ids?: number[] }[]; error?: { code: string } };
    if (chunk.error) throw new Error(chunk.error.code);
    tokens += chunk.choices[0]?.token_ids?.length ?? 0;
    if (Number.isNaN(first)) first = performance.now();
  }
  waits.firsts.push(first - asked);
  if (tokens > 1) waits.nexts.push((performance.now() - first) / (tokens - 1));
  waits.tokens += tokens;
}

const post = (url: URL, body: string): Promise<Response> =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
