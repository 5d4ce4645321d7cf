/**
 * Workers AI's `env.AI`, answered by gpt-edge.
 * @example
 * import { WorkersAi } from 'gpt-edge/workers-ai';
 *
 * const ai = new WorkersAi(env.GPT_EDGE);
 * const { response } = await ai.run('@cf/meta/llama-3.1-8b-instruct', { messages: [{ role: 'user', content: 'Hello' }] });
 * @module
 */

export {
  type EdgeFetcher,
  type RunOptions,
  type TextGenerationInputs,
  type TextGenerationOutput,
  WorkersAi,
  type WorkersAiOptions,
} from '../workers-ai/workers-ai.ts';
