// Vercel's AI SDK: `node vercel-ai-sdk.mjs`
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, streamText } from 'ai';

const edge = process.env.GPT_EDGE_URL ?? 'http://127.0.0.1:8787';
const gptEdge = createOpenAICompatible({ name: 'gpt-edge', baseURL: `${edge}/v1`, includeUsage: true });

const { textStream, usage } = streamText({
  model: gptEdge('tinystories-gpt2'),
  prompt: 'Tell me a story about a frog.',
  maxOutputTokens: 60,
  seed: 1,
});
for await (const text of textStream) process.stdout.write(text);
console.log(`\n\n${(await usage).outputTokens} tokens`);

const { text, finishReason } = await generateText({
  model: gptEdge('tinystories-gpt2'),
  prompt: 'Tell me a story about a dog.',
  maxOutputTokens: 30,
  temperature: 0,
});
console.log(`${finishReason}: ${text}`);
