import OpenAI, { toFile } from 'openai';
import { printTable } from '../../src/cli/printing/print-table.ts';
import { pushModel } from '../../src/local/bucket/push-model.ts';
import { startLocalWorker } from '../../src/local/local-worker.ts';
import type { ModelFolder } from '../../src/local/model-folder.ts';
import { median } from '../median.ts';
import { WorkerdProcess } from '../worker/workerd-process.ts';

/** Requests of a batch, and of those that are asked one by one. */
const LINES = 128;
const ALONE = 32;
const TOKENS = 32;
/** How often the state of a batch is asked for, in milliseconds. */
const POLL_MS = 100;

/**
 * What one run took, in milliseconds of processor time of all of workerd a request, from the upload to the file of results.
 * By the clock, on a machine with other work, whoever pauses is served first, and a batch does not pause.
 */
interface BatchFigures {
  readonly batch: number;
  readonly alone: number;
}

/** Measures requests through a batch, and the same one by one, `runs` times, and prints the medians. */
export async function printBatch(
  { path, manifest }: ModelFolder,
  engine: string,
  runs: number,
  note: (text: string) => void,
): Promise<void> {
  const worker = await startLocalWorker({ vars: { PUBLIC: 'true', MODEL_IDS: manifest.id, ENGINE: engine } });
  try {
    await pushModel({ path }, worker.models);
    const client = new OpenAI({ baseURL: `${worker.url.origin}/v1`, apiKey: 'none' });
    const logit_bias = Object.fromEntries(manifest.eosTokenIds.map((token) => [token, -100]));
    const body = (index: number) => ({ prompt: `Story ${index}: once upon a time`, max_tokens: TOKENS, temperature: 0, logit_bias });
    // V8 compiles what has run often.
    await answerBatch(client, 32, body);
    await answerAlone(client, 8, body);
    const figures: BatchFigures[] = [];
    for (let run = 1; run <= runs; run++) {
      note(`Batch, run ${run} of ${runs}`);
      const first = await answerAlone(client, ALONE / 2, body);
      const batch = await answerBatch(client, LINES, body);
      figures.push({ batch, alone: (first + (await answerAlone(client, ALONE / 2, body))) / 2 });
    }
    const of = (key: keyof BatchFigures) => Math.round(60_000 / median(figures.map((figure) => figure[key])));
    const ratio = median(figures.map(({ batch, alone }) => alone / batch));
    console.log(`\n${manifest.id} in workerd: requests of ${TOKENS} tokens, by processor time of workerd (medians of ${runs} runs)`);
    printTable(
      ['', 'requests a minute'],
      [
        [`a batch of ${LINES} lines, from the upload to the results`, of('batch').toLocaleString('en')],
        ['the same requests, one by one', of('alone').toLocaleString('en')],
        ['batch against one by one, in the same run', `${ratio.toFixed(2)}x`],
      ],
    );
  } finally {
    await worker.stop();
  }
}

type Body = (index: number) => { prompt: string; max_tokens: number; temperature: number; logit_bias: Record<string, number> };

/** Milliseconds of processor time, or by the clock where the system does not count it. */
const now = (): number => WorkerdProcess.find()?.cpu ?? performance.now();

async function answerAlone(client: OpenAI, count: number, body: Body): Promise<number> {
  const started = now();
  for (let index = 0; index < count; index++) await client.completions.create({ model: null as never, ...body(index) });
  return (now() - started) / count;
}

async function answerBatch(client: OpenAI, count: number, body: Body): Promise<number> {
  const started = now();
  const lines = Array.from({ length: count }, (_, index) =>
    JSON.stringify({ custom_id: String(index), method: 'POST', url: '/v1/completions', body: body(index) }),
  );
  const file = await client.files.create({ file: await toFile(Buffer.from(lines.join('\n')), 'bench.jsonl'), purpose: 'batch' });
  let batch = await client.batches.create({ input_file_id: file.id, endpoint: '/v1/completions', completion_window: '24h' });
  while (batch.status !== 'completed') {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    batch = await client.batches.retrieve(batch.id);
  }
  if (batch.request_counts?.completed !== count) throw new Error(`Of ${count} requests, ${batch.request_counts?.failed} have failed.`);
  await (await client.files.content(batch.output_file_id!)).text();
  return (now() - started) / count;
}
