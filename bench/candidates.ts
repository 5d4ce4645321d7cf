import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import type { Completion } from '../src/api/openai/schemas/completion-schema.ts';
import { PROJECT } from '../src/local/project-paths.ts';
import { serveModels } from '../src/local/serve-models.ts';
import { median } from './median.ts';
import { WorkerdProcess } from './worker/workerd-process.ts';

/**
 * Measures what it takes to score the 1,000 candidates of the task edge_recall, as lm-evaluation-harness asks for them,
 * in workerd over HTTP: many prompts to a request, one prompt to a request, and each candidate alone, so that nothing
 * of one serves another. Each way in turn, processor time of workerd.
 */
const { model, runs } = new Command('node bench/candidates.ts')
  .option('--model <folder>', 'a model folder; default: the default model')
  .option('--runs <n>', 'how often each way is measured', Number, 3)
  .parse()
  .opts<{ model?: string; runs: number }>();

const worker = await serveModels({ models: model === undefined ? [] : [model] });
const workerd = WorkerdProcess.find();
/** Milliseconds of processor time; by the clock where the system does not tell. */
const now = () => workerd?.cpu ?? performance.now();

async function post<T>(path: string, body: object): Promise<T> {
  const answer = await fetch(new URL(path, worker.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json() as Promise<T>;
}

/** The candidates as token ids, in the order in which lm-evaluation-harness sends them: the longest first, then by ids. */
async function readCandidates(): Promise<number[][]> {
  const lines = (await readFile(join(PROJECT, 'test/http/lm-eval/recall.jsonl'), 'utf8')).trimEnd().split('\n');
  const candidates: number[][] = [];
  for (const { context, choices } of lines.map((line) => JSON.parse(line) as { context: string; choices: string[] })) {
    const { tokens } = await post<{ tokens: number[] }>('/tokenize', { prompt: context });
    for (const choice of choices) {
      const { tokens: more } = await post<{ tokens: number[] }>('/tokenize', { prompt: ` ${choice}` });
      candidates.push([...tokens, ...more]);
    }
  }
  const byIds = (a: number[], b: number[]) => {
    const at = a.findIndex((id, index) => id !== b[index]);
    return at === -1 ? 0 : a[at] - b[at];
  };
  return candidates.sort((a, b) => b.length - a.length || byIds(a, b));
}

const asked = { temperature: 0, max_tokens: 1, logprobs: 1, echo: true, seed: 1234 };
let keys = 0;

/** Scores all candidates, so many to a request. @returns their scores, and milliseconds of processor time of workerd */
async function score(prompts: readonly number[][], batch: number, isAlone: boolean): Promise<{ scores: unknown[]; milliseconds: number }> {
  const scores: unknown[] = [];
  // What was scored in another way or run must not be found again.
  const run = `run ${keys++}`;
  const begun = now();
  for (let start = 0; start < prompts.length; start += batch) {
    const prompt = prompts.slice(start, start + batch);
    const prompt_cache_key = isAlone ? `alone ${keys++}` : run;
    const { choices } = await post<Completion>('/v1/completions', { ...asked, prompt, prompt_cache_key });
    scores.push(...choices.map(({ logprobs }) => logprobs!.token_logprobs));
  }
  return { scores, milliseconds: now() - begun };
}

try {
  const prompts = await readCandidates();
  const ways = { '128 to a request': [128, false], 'one to a request': [1, false], 'each alone': [1, true] } as const;
  const times = new Map(Object.keys(ways).map((way) => [way, [] as number[]]));
  await score(prompts.slice(0, 200), 1, true);
  let expected: string | undefined;
  for (let run = 0; run < runs; run++)
    for (const [way, [batch, isAlone]] of Object.entries(ways)) {
      const { scores, milliseconds } = await score(prompts, batch, isAlone);
      times.get(way)!.push(milliseconds);
      expected ??= JSON.stringify(scores);
      if (JSON.stringify(scores) !== expected) throw new Error(`scored otherwise: ${way}`);
    }
  const alone = median(times.get('each alone')!);
  console.log(`${prompts.length} candidates of ${prompts[0].length} to ${prompts.at(-1)!.length} tokens, medians of ${runs} runs`);
  for (const [way, measured] of times)
    console.log(`${way}: ${(median(measured) / prompts.length).toFixed(2)} ms a candidate, ${(median(measured) / alone).toFixed(2)}x`);
} finally {
  await worker.stop();
}
