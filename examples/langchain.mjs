// LangChain.js: `node langchain.mjs`
import { StringOutputParser } from '@langchain/core/output_parsers';
import { ChatPromptTemplate } from '@langchain/core/prompts';
import { ChatOpenAI } from '@langchain/openai';

const edge = process.env.GPT_EDGE_URL ?? 'http://127.0.0.1:8787';
const model = new ChatOpenAI({
  model: 'tinystories-gpt2',
  apiKey: 'none',
  configuration: { baseURL: `${edge}/v1` },
  maxTokens: 60,
  modelKwargs: { seed: 1 },
});
const chain = ChatPromptTemplate.fromMessages([['user', 'Tell me a story about a {animal}.']])
  .pipe(model)
  .pipe(new StringOutputParser());

for await (const text of await chain.stream({ animal: 'frog' })) process.stdout.write(text);
console.log(`\n\n${await chain.invoke({ animal: 'dog' })}`);
