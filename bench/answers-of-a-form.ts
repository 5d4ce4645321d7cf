import { serveModels } from '../src/local/serve-models.ts';

/**
 * Compares how fast answers under a typical object schema come with how fast free text does, in the same workerd:
 * `node bench/answers-of-a-form.ts <model folder>`. The time to the first token counts in neither.
 */
const ROUNDS = 8;
const MESSAGES = [{ role: 'user', content: 'Describe a person as JSON with name, occupation, age, is_employed and favourite_colours.' }];
const SCHEMA = {
  type: 'object',
  properties: {
    name: { type: 'string', maxLength: 40 },
    occupation: { type: 'string', maxLength: 40 },
    age: { type: 'integer', minimum: 0, maximum: 120 },
    is_employed: { type: 'boolean' },
    favourite_colours: { type: 'array', items: { enum: ['red', 'green', 'blue', 'yellow'] }, minItems: 2, maxItems: 3 },
  },
  required: ['name', 'occupation', 'age', 'is_employed', 'favourite_colours'],
  additionalProperties: false,
};
const FORMAT = { type: 'json_schema', json_schema: { name: 'person', strict: true, schema: SCHEMA } };

const [, , folder] = process.argv;
if (!folder) throw new Error('Usage: node bench/answers-of-a-form.ts <model folder>');
const fast = await serveModels({ models: [folder] });
const plain = await serveModels({ models: [folder], vars: { SPECULATE: 'off' } });
try {
  const kinds = {
    'free text': (seed: number) => tokensPerSecond(fast.url, { max_tokens: 60, seed }),
    'of a schema': (seed: number) => tokensPerSecond(fast.url, { max_tokens: 200, seed, response_format: FORMAT }),
    'of a schema, token by token': (seed: number) => tokensPerSecond(plain.url, { max_tokens: 200, seed, response_format: FORMAT }),
  };
  const figures = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, [] as number[]]));
  // The first round loads the model and builds what constraints need.
  for (let round = 0; round <= ROUNDS; round++)
    for (const [kind, measure] of Object.entries(kinds)) {
      const figure = await measure(round);
      if (round > 0) figures[kind].push(figure);
    }
  const medians = Object.entries(figures).map(([kind, all]) => [kind, all.sort((a, b) => a - b)[ROUNDS >> 1]] as const);
  const [, free] = medians[0];
  for (const [kind, median] of medians) console.log(`${kind}: ${(median / free).toFixed(2)}x`);
} finally {
  await Promise.all([fast.stop(), plain.stop()]);
}

async function tokensPerSecond(url: URL, options: object): Promise<number> {
  const body = JSON.stringify({ messages: MESSAGES, temperature: 0.7, stream: true, stream_options: { include_usage: true }, ...options });
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body };
  const answer = await fetch(new URL('/v1/chat/completions', url), init);
  let text = '';
  let first = 0;
  for await (const bytes of answer.body!.pipeThrough(new TextDecoderStream())) {
    first ||= performance.now();
    text += bytes;
  }
  const tokens = Number(/"completion_tokens":(\d+)/.exec(text)?.[1]);
  return ((tokens - 1) * 1000) / (performance.now() - first);
}
