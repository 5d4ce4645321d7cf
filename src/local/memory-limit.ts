import { GptEdgeError } from '../core/errors.ts';
import { parseMemoryLimit } from '../worker/worker-variables.ts';
import { PROJECT } from './project-paths.ts';
import { workerConfig } from './worker-config.ts';

/**
 * Bytes that a model may take in the project's Worker.
 * @throws GptEdgeError `invalid_value` if the variable MEMORY_LIMIT_MB is none that the Worker takes
 */
export async function projectMemoryLimit(): Promise<number> {
  const { bindings } = await workerConfig(PROJECT);
  try {
    // The Worker throws a plain error, since a variable concerns no request.
    return parseMemoryLimit(bindings.MEMORY_LIMIT_MB as string | undefined) * 1e6;
  } catch (cause) {
    throw new GptEdgeError('invalid_value', (cause as Error).message, { cause });
  }
}
