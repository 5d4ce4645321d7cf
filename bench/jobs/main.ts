import { Command, Option } from 'commander';
import { serveModels } from '../../src/local/serve-models.ts';
import { type Case, type Cases, jobs, TRUTHS } from './jobs.ts';

/**
 * Counts how many answers of a chat model are right in four small jobs, which it does in four ways: free text, in which the
 * right answer must stand, and none of the others; the same with an answer that must be one of them; decisions; and
 * decisions that are calibrated.
 */
const { model, cases } = new Command('node bench/jobs/main.ts')
  .requiredOption('--model <folder>', 'the folder of a model with a chat template')
  .addOption(new Option('--cases <which>', 'which cases').choices(['held-out', 'chosen']).default('held-out'))
  .parse()
  .opts<{ model: string; cases: Cases }>();

const MAX_TOKENS = 24;

const worker = await serveModels({ models: [model] });

async function post<T>(path: string, body: object): Promise<T> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await fetch(new URL(path, worker.url), init);
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as T;
}

/** @param options what the answer must be */
async function chat({ text, question, answers }: Case, options: object = {}): Promise<string> {
  const asked = answers === TRUTHS ? `Is this statement true or false? ${question}` : question;
  const content = `Text: ${text}\n${asked}\nAnswer with one of: ${answers.join(', ')}.`;
  const body = { messages: [{ role: 'user', content }], temperature: 0, max_tokens: MAX_TOKENS, ...options };
  const { choices } = await post<{ choices: { message: { content: string } }[] }>('/v1/chat/completions', body);
  return choices[0].message.content;
}

async function decide({ text, question, answers }: Case, calibrate: boolean): Promise<string> {
  const asked =
    answers === TRUTHS
      ? { type: 'predicate', instructions: question }
      : { type: 'choice', instructions: question, choices: answers.map((value) => ({ value })) };
  const body = { input: text, questions: [asked], gpt_edge: { calibrate } };
  const { answers: given } = await post<{ answers: { choice?: string; probability?: number }[] }>('/v1/decisions', body);
  return given[0].choice ?? TRUTHS[given[0].probability! >= 0.5 ? 0 : 1];
}

const says = (text: string, answer: string): boolean => new RegExp(`\\b${answer}\\b`, 'i').test(text);

const WAYS: Record<string, (one: Case) => Promise<boolean>> = {
  'free text': async (one) => {
    const text = await chat(one);
    return one.answers.every((answer) => says(text, answer) === (answer === one.right));
  },
  constrained: async (one) => (await chat(one, { structured_outputs: { choice: one.answers } })) === one.right,
  decisions: async (one) => (await decide(one, false)) === one.right,
  calibrated: async (one) => (await decide(one, true)) === one.right,
};

try {
  console.log(`| job | cases | ${Object.keys(WAYS).join(' | ')} |\n|---|---|${'---|'.repeat(Object.keys(WAYS).length)}`);
  for (const job of jobs(cases)) {
    const figures: string[] = [];
    for (const isRight of Object.values(WAYS)) {
      let right = 0;
      for (const one of job.cases) if (await isRight(one)) right++;
      figures.push(`${Math.round((100 * right) / job.cases.length)} %`);
    }
    console.log(`| ${job.name} | ${job.cases.length} | ${figures.join(' | ')} |`);
  }
} finally {
  await worker.stop();
}
