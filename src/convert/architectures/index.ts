import { GptEdgeError } from '../../core/errors.ts';
import type { Architecture } from './architecture.ts';
import { gemma3 } from './gemma3.ts';
import { gptNeo } from './gpt-neo.ts';
import { gptNeox } from './gpt-neox.ts';
import { gpt2 } from './gpt2.ts';
import { llama } from './llama.ts';
import { mistral } from './mistral.ts';
import { opt } from './opt.ts';
import { qwen2 } from './qwen2.ts';
import { qwen3 } from './qwen3.ts';

const ARCHITECTURES: readonly Architecture[] = [gpt2, gptNeo, gptNeox, opt, llama, mistral, qwen2, qwen3, gemma3];

/**
 * Returns the architecture that a config.json names in `model_type`.
 * @throws GptEdgeError `unsupported_model`, listing what is supported
 */
export function findArchitecture(config: unknown): Architecture {
  const modelType = typeof config === 'object' && config !== null && 'model_type' in config ? config.model_type : undefined;
  const architecture = ARCHITECTURES.find((candidate) => candidate.modelType === modelType);
  if (architecture) return architecture;
  const supported = ARCHITECTURES.map((candidate) => candidate.modelType).join(', ');
  throw new GptEdgeError(
    'unsupported_model',
    `config.json: model_type ${JSON.stringify(modelType)?.slice(0, 80)} is not supported; supported: ${supported}`,
    {
      param: 'config.json',
    },
  );
}
