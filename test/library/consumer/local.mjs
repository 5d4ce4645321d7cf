import { serveModels } from 'gpt-edge/local';

const edge = await serveModels();
const answer = await fetch(new URL('/v1/completions', edge.url), {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ prompt: 'Once upon a time', max_tokens: 3, temperature: 0 }),
});
const { choices } = await answer.json();
console.log(choices[0].text);
await edge.stop();
