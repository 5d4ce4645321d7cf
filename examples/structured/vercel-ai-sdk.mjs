// Answers of a form, and calls of functions, with Vercel's AI SDK: `node vercel-ai-sdk.mjs`
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateObject, generateText, stepCountIs, streamText, tool } from 'ai';
import { z } from 'zod';

const edge = process.env.GPT_EDGE_URL ?? 'http://127.0.0.1:8787';
const id = process.env.GPT_EDGE_MODEL ?? 'tinystories-gpt2';
const compatible = createOpenAICompatible({ name: 'gpt-edge', baseURL: `${edge}/v1`, supportsStructuredOutputs: true });
const openai = createOpenAI({ baseURL: `${edge}/v1`, apiKey: 'none' });
const Animal = z.object({ kind: z.enum(['frog', 'dog', 'cat']), age: z.number().int().min(1).max(9) });
const print = (label, value) => console.log(`${label}: ${JSON.stringify(value)}`);
const prompt = 'Which animal is it?';

// The second is the SDK's default for OpenAI: the Responses API.
for (const [name, model] of [
  ['chat', compatible(id)],
  ['responses', openai(id)],
]) {
  const { object } = await generateObject({ model, schema: Animal, prompt });
  print(`generateObject, ${name}`, Animal.parse(object));
  const feed = tool({ description: 'Feeds an animal.', inputSchema: Animal, execute: ({ kind }) => `The ${kind} is full.` });
  const request = { model, tools: { feed }, toolChoice: 'required', prompt, maxOutputTokens: 100, seed: 1 };
  const { toolCalls, toolResults } = await generateText(request);
  print(`generateText, ${name}`, [toolCalls[0].toolName, Animal.parse(toolCalls[0].input).kind, toolResults[0].output]);
  const stream = streamText(request);
  for await (const part of stream.fullStream) if (part.type === 'tool-call') print(`streamText, ${name}`, Animal.parse(part.input));
}

// A loop of tools. Responses are not stored, so earlier items are sent, and not referred to.
const loop = await generateText({
  model: openai(id),
  prompt,
  tools: { feed: tool({ inputSchema: Animal, execute: () => 'Full.' }) },
  stopWhen: stepCountIs(2),
  prepareStep: ({ stepNumber }) => ({ toolChoice: stepNumber === 0 ? 'required' : 'none' }),
  providerOptions: { openai: { store: false } },
  maxOutputTokens: 100,
});
print(
  'steps',
  loop.steps.map(({ finishReason }) => finishReason),
);
