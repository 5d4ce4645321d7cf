// The openai package in Node: `node openai-node.mjs`
import OpenAI, { BadRequestError } from 'openai';

const edge = process.env.GPT_EDGE_URL ?? 'http://127.0.0.1:8787';
const client = new OpenAI({ baseURL: `${edge}/v1`, apiKey: 'none' });
const model = 'tinystories-gpt2';

const stream = await client.completions.create({ model, prompt: 'Once upon a time', max_tokens: 60, seed: 1, stream: true });
process.stdout.write('Once upon a time');
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.text ?? '');

const messages = [{ role: 'user', content: 'Tell me a story about a frog.' }];
const chat = await client.chat.completions.create({ model, messages, max_tokens: 60, seed: 1 });
console.log(`\n\n${chat.choices[0].message.content}`);
console.log(`\n${chat.usage.total_tokens} tokens, request ${chat._request_id}`);

try {
  await client.completions.create({ model, prompt: 'Once', max_tokens: 10_000 });
} catch (error) {
  if (!(error instanceof BadRequestError)) throw error;
  console.log(`${error.status} ${error.code} ${error.param}`);
}
