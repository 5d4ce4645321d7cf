// Answers of a form, and calls of functions, with LangChain.js: `node langchain.mjs`
import { tool } from '@langchain/core/tools';
import { ChatOpenAI } from '@langchain/openai';
import { z } from 'zod';

const edge = process.env.GPT_EDGE_URL ?? 'http://127.0.0.1:8787';
const model = new ChatOpenAI({
  model: process.env.GPT_EDGE_MODEL ?? 'tinystories-gpt2',
  apiKey: 'none',
  configuration: { baseURL: `${edge}/v1` },
  modelKwargs: { seed: 1 },
});
const Animal = z.object({ kind: z.enum(['frog', 'dog', 'cat']), age: z.number().int().min(1).max(9) });
const print = (label, value) => console.log(`${label}: ${JSON.stringify(value)}`);
const question = 'Which animal is it?';

for (const method of ['jsonSchema', 'functionCalling'])
  print(
    `withStructuredOutput, ${method}`,
    Animal.parse(await model.withStructuredOutput(Animal, { method, name: 'animal' }).invoke(question)),
  );

const feed = tool(({ kind }) => `The ${kind} is full.`, { name: 'feed', description: 'Feeds an animal.', schema: Animal });
const calling = model.bindTools([feed], { tool_choice: 'feed' });
const answer = await calling.invoke(question);
print('bindTools', Animal.parse(answer.tool_calls[0].args));
print('tool', (await feed.invoke(answer.tool_calls[0])).content);

let streamed;
for await (const chunk of await calling.stream(question)) streamed = streamed ? streamed.concat(chunk) : chunk;
print('streamed', Animal.parse(streamed.tool_calls[0].args));
