import { Command } from 'commander';
import { serveModels } from '../src/local/serve-models.ts';
import { median } from './median.ts';
import { WorkerdProcess } from './worker/workerd-process.ts';

/**
 * Measures decisions in workerd: many choice questions about one input of some tokens, and for comparison the same
 * questions in a request each. What is measured is the CPU time of the whole process, with a new input each time.
 */
const { model, questions, tokens, runs } = new Command('node bench/decisions.ts')
  .requiredOption('--model <folder>', 'a model folder')
  .option('--questions <n>', 'questions about the input', Number, 100)
  .option('--tokens <n>', 'tokens of the input, roughly', Number, 300)
  .option('--runs <n>', 'how often each is measured', Number, 3)
  .parse()
  .opts<{ model: string; questions: number; tokens: number; runs: number }>();

const SUBJECTS = ['mood', 'topic', 'language', 'author', 'style', 'age', 'place', 'price', 'quality', 'purpose'];
const ASPECTS = ['main', 'second', 'likely', 'real', 'hidden', 'usual', 'first', 'last', 'best', 'worst'];
const WORDS = 'the old house stood near a river where many people came to see boats and birds in summer'.split(' ');

const asked = Array.from({ length: questions }, (_, index) => ({
  type: 'choice',
  instructions: `What is the ${ASPECTS[Math.floor(index / SUBJECTS.length) % ASPECTS.length]} ${SUBJECTS[index % SUBJECTS.length]} of the text?`,
  choices: ['good', 'bad', 'unknown'].map((value) => ({ value })),
}));
/** A text of about so many tokens, different for each `run` from its beginning on. */
const inputOf = (run: number) => Array.from({ length: tokens }, (_, index) => WORDS[(index * (run + 3) + run) % WORDS.length]).join(' ');

const worker = await serveModels({ models: [model] });
try {
  const process = WorkerdProcess.find();
  const post = async (body: object) => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const answer = await fetch(new URL('/v1/decisions', worker.url), init);
    const json = (await answer.json()) as { usage: { input_tokens: number }; error?: unknown };
    if (!answer.ok) throw new Error(JSON.stringify(json));
    return json.usage.input_tokens;
  };
  await post({ input: 'Warm up.', questions: asked.slice(0, 3) });
  const times: { cpu: number; wall: number }[] = [];
  let read = 0;
  for (let run = 0; run < runs; run++) {
    const [cpu, wall] = [process?.cpu ?? Number.NaN, performance.now()];
    read = await post({ input: inputOf(run), questions: asked });
    times.push({ cpu: (process?.cpu ?? Number.NaN) - cpu, wall: performance.now() - wall });
    console.log(`  ${times.at(-1)!.cpu.toFixed(0)} ms of CPU`);
  }
  const cpu = median(times.map((time) => time.cpu));
  console.log(
    `${questions} questions about some ${tokens} tokens: ${read} tokens read, ${(cpu / 1000).toFixed(2)} s of CPU, ${((read / cpu) * 1000).toFixed(0)} tokens a second.`,
  );
} finally {
  await worker.stop();
}
