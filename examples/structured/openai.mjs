// Answers of a form, and calls of functions, with the openai package: `node openai.mjs`
import OpenAI from 'openai';
import { zodFunction, zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';

const edge = process.env.GPT_EDGE_URL ?? 'http://127.0.0.1:8787';
const client = new OpenAI({ baseURL: `${edge}/v1`, apiKey: 'none' });
const model = process.env.GPT_EDGE_MODEL ?? 'tinystories-gpt2';
const Animal = z.object({ kind: z.enum(['frog', 'dog', 'cat']), age: z.number().int().min(1).max(9) });
const messages = [{ role: 'user', content: 'Which animal is it?' }];
const print = (label, value) => console.log(`${label}: ${JSON.stringify(value)}`);

const chat = await client.chat.completions.parse({ model, messages, seed: 1, response_format: zodResponseFormat(Animal, 'animal') });
print('chat.completions.parse', Animal.parse(chat.choices[0].message.parsed));

const response = await client.responses.parse({ model, input: messages, text: { format: zodTextFormat(Animal, 'animal') } });
print('responses.parse', Animal.parse(response.output_parsed));

const feed = zodFunction({ name: 'feed', parameters: Animal });
const called = await client.chat.completions.parse({ model, messages, tools: [feed], tool_choice: 'required' });
print('parsed call', Animal.parse(called.choices[0].message.tool_calls[0].function.parsed_arguments));

// The helper calls the function, sends its result back, and goes on until the model answers with text.
const runner = client.chat.completions.runTools({
  model,
  messages,
  tools: [
    {
      type: 'function',
      function: { name: 'feed', parameters: z.toJSONSchema(Animal), parse: JSON.parse, function: ({ kind }) => `The ${kind} is full.` },
    },
  ],
  tool_choice: { type: 'function', function: { name: 'feed' } },
});
print('runTools', await runner.finalFunctionToolCallResult());
