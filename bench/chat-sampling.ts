import { serveModels } from '../src/local/serve-models.ts';

/** Plain questions, each with what a right answer has in it. */
const QUESTIONS: readonly [question: string, answer: RegExp][] = [
  ['What is the capital of France?', /paris/i],
  ['What is the capital of Italy?', /rome/i],
  ['What is the capital of Japan?', /tokyo/i],
  ['What is 2 + 2?', /\b(4|four)\b/i],
  ['What is 10 - 3?', /\b(7|seven)\b/i],
  ['How many days are in a week?', /\b(7|seven)\b/i],
  ['How many months are in a year?', /\b(12|twelve)\b/i],
  ['How many legs does a spider have?', /\b(8|eight)\b/i],
  ['What color is the sky on a clear day?', /blue/i],
  ['What color is grass?', /green/i],
  ['What is the opposite of hot?', /cold/i],
  ['What is the opposite of big?', /small|little|tiny/i],
  ['What planet do we live on?', /earth/i],
  ['What is the largest planet in our solar system?', /jupiter/i],
  ['What gas do humans need to breathe?', /oxygen/i],
  ['What is frozen water called?', /\bice\b/i],
  ['Which animal says "meow"?', /\bcat/i],
  ['What do bees make?', /honey/i],
  ['Who wrote Romeo and Juliet?', /shakespeare/i],
  ['What is the chemical formula of water?', /H2O|H₂O/i],
  ['Which day comes after Monday?', /tuesday/i],
  ['Which letter comes after A in the alphabet?', /\bB\b/],
  ['At what temperature in Celsius does water boil?', /\b100\b/],
  ['Say hello.', /\b(hello|hi)\b/i],
];
const SETTINGS = [
  { temperature: 0 },
  { temperature: 0.2, top_p: 0.9 },
  { temperature: 0.5, top_p: 0.9 },
  { temperature: 0.7, top_p: 0.9 },
  { temperature: 1, top_p: 1 },
];
const SEEDS = [1, 2];
const MAX_TOKENS = 48;

const [, , folder] = process.argv;
if (!folder) throw new Error('Usage: node bench/chat-sampling.ts <model folder>');
const worker = await serveModels({ models: [folder] });
try {
  for (const setting of SETTINGS) {
    let [right, answers] = [0, 0];
    for (const seed of setting.temperature === 0 ? SEEDS.slice(0, 1) : SEEDS)
      for (const [question, answer] of QUESTIONS) {
        right += answer.test(await ask(question, { ...setting, seed })) ? 1 : 0;
        answers++;
      }
    console.log(`${JSON.stringify(setting)}: ${right} of ${answers} right (${Math.round((100 * right) / answers)} %)`);
  }
} finally {
  await worker.stop();
}

async function ask(content: string, options: object): Promise<string> {
  const body = JSON.stringify({ messages: [{ role: 'user', content }], max_tokens: MAX_TOKENS, ...options });
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body };
  const answer = (await (await fetch(new URL('/v1/chat/completions', worker.url), init)).json()) as {
    choices: { message: { content: string } }[];
  };
  return answer.choices[0].message.content;
}
