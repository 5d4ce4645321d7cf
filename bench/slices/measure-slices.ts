import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printTable } from '../../src/cli/printing/print-table.ts';
import type { ModelFolder } from '../../src/local/model-folder.ts';
import { serveModels } from '../../src/local/serve-models.ts';
import { cpuMilliseconds, workerdPid } from '../../test/http/workerd-process.ts';
import { medianFigures } from '../median.ts';

/** Tokens of the completion that is cut, of the prompt before it, and the calls into which it shall be cut. */
const TOKENS = 200;
const PROMPT_TOKENS = 300;
const SLICES = 20;

export interface SlicesFigures {
  /** Multiply-adds, and milliseconds, of the same completion in many slices and in one. */
  readonly cut: Answer;
  readonly uncut: Answer;
  /** Milliseconds of CPU by estimate, and by the system's clock for all of workerd, of prompts and of completions. */
  readonly prompts: Estimate;
  readonly completions: Estimate;
  /** Milliseconds from asking a new process for the rest of a stored answer to its first event, loading included. */
  readonly newProcess: number;
}

interface Answer {
  readonly multiplyAdds: number;
  readonly milliseconds: number;
  readonly slices: number;
}

interface Estimate {
  readonly estimated: number;
  readonly measured: number;
}

/** Measures what slices cost, how good the estimate of CPU time is, and how long it takes to go on elsewhere. */
export async function measureSlices(folder: ModelFolder, runs: number): Promise<SlicesFigures> {
  const figures: SlicesFigures[] = [];
  for (let run = 0; run < runs; run++) {
    const one = await inWorker(folder, 300_000, uncutFigures);
    // The time of a slice, of which three quarters are used.
    const budget = Math.max(1, Math.round(one.answer.milliseconds / SLICES / 0.75));
    const cut = await inWorker(folder, budget, async (ask) => {
      for (let round = 0; round < 2; round++) await ask(TOKENS);
      return ask(TOKENS);
    });
    figures.push({
      uncut: one.answer,
      cut,
      prompts: one.prompts,
      completions: one.completions,
      newProcess: await measureNewProcess(folder),
    });
  }
  return medianFigures(figures);
}

export function printSlices({ cut, uncut, prompts, completions, newProcess }: SlicesFigures): void {
  const ratio = ({ estimated, measured }: Estimate) => (estimated / measured).toFixed(2);
  printTable(
    ['measured', ''],
    [
      [`${cut.slices} slices against one: multiply-adds`, `${(cut.multiplyAdds / uncut.multiplyAdds).toFixed(3)}x`],
      ['pause at a slice boundary, ms', ((cut.milliseconds - uncut.milliseconds) / cut.slices).toFixed(1)],
      ['CPU time by estimate against measured: prompts', `${ratio(prompts)}x`],
      ['CPU time by estimate against measured: completions', `${ratio(completions)}x`],
      [`to the next event in a new process, behind ${PROMPT_TOKENS} tokens, ms`, newProcess.toFixed(0)],
    ],
  );
}

type Ask = (maxTokens: number, fresh?: boolean) => Promise<Answer & { left: number }>;

async function inWorker<T>(folder: ModelFolder, budget: number, measure: (ask: Ask) => Promise<T>): Promise<T> {
  const worker = await serveModels({
    models: [folder.path],
    vars: { CPU_BUDGET_MS: String(budget), ENGINE_OBJECTS: '1', SPECULATE: 'off', MEMORY_LIMIT_MB: '160' },
  });
  let asked = 0;
  try {
    return await measure(async (max_tokens, fresh = false) => {
      const begun = performance.now();
      const prompt = fresh ? promptOf(++asked) : 'Once upon a time';
      const body = { prompt, max_tokens, seed: 1, logit_bias: { 0: -100, 2: -100 } };
      const answer = await fetch(new URL('/v1/completions', worker.url), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      const { usage } = (await answer.json()) as {
        usage: { gpt_edge: { multiply_adds: number; slices?: number; cpu_budget_left_ms: number } };
      };
      const { multiply_adds: multiplyAdds, slices = 1, cpu_budget_left_ms: left } = usage.gpt_edge;
      return { multiplyAdds, slices, milliseconds: performance.now() - begun, left };
    });
  } finally {
    await worker.stop();
  }
}

/** A prompt that nothing in the cache begins like. */
const promptOf = (number: number): string => `${number} `.repeat(PROMPT_TOKENS / 2 - 10);

async function uncutFigures(ask: Ask) {
  for (let round = 0; round < 4; round++) await ask(TOKENS, round % 2 === 0);
  const pid = (await workerdPid())!;
  const estimate = async (maxTokens: number, fresh: boolean, rounds: number): Promise<Estimate> => {
    const begun = await cpuMilliseconds(pid);
    let estimated = 0;
    // Three quarters of the budget are used, and a call renews it.
    for (let round = 0; round < rounds; round++) estimated += 300_000 * 0.75 - (await ask(maxTokens, fresh)).left;
    return { estimated, measured: (await cpuMilliseconds(pid)) - begun };
  };
  return { prompts: await estimate(1, true, 8), completions: await estimate(TOKENS, false, 3), answer: await ask(TOKENS) };
}

/** Begins a stored answer, ends the process, and asks another one for the rest. */
async function measureNewProcess(folder: ModelFolder): Promise<number> {
  const persistTo = await mkdtemp(join(tmpdir(), 'gpt-edge-bench-'));
  const start = () => serveModels({ models: [folder.path], persistTo, vars: { MEMORY_LIMIT_MB: '160', ENGINE_OBJECTS: '1' } });
  try {
    const first = await start();
    const body = { prompt: promptOf(7), max_tokens: TOKENS, stream: true, store: true, seed: 1, logit_bias: { 0: -100, 2: -100 } };
    const answer = await fetch(new URL('/v1/completions', first.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (text.split('\n\n').length < 20) text += (await reader.read()).value;
    await first.stop();
    const second = await start();
    const begun = performance.now();
    const headers = { 'last-event-id': [...text.matchAll(/^id: (\d+)$/gm)].at(-1)![1] };
    const rest = await fetch(new URL(`/v1/completions/${/"id":"([^"]*)"/.exec(text)![1]}/stream`, second.url), { headers });
    await rest.body!.getReader().read();
    const milliseconds = performance.now() - begun;
    await second.stop();
    return milliseconds;
  } finally {
    await rm(persistTo, { recursive: true, force: true });
  }
}
