import { parsePlace } from '../engine-object/place-variables.ts';
import { parseAccess } from '../worker/access-variables.ts';
import { parseBatchCaps } from '../worker/batch-variables.ts';
import {
  baseIds,
  parseCpuBudget,
  parseEngines,
  parseMaxWork,
  parseMemoryLimit,
  parseModelIds,
  parseSampling,
  parseScheduling,
  parseSessionSeconds,
} from '../worker/worker-variables.ts';

/**
 * Parses each variable as the Worker does, which answers no request if one of them is wrong.
 * @returns what is wrong, a sentence each
 */
export function wrongVariables(vars: Record<string, string>): string[] {
  const parse = (name: string, use: () => unknown): string[] => {
    try {
      use();
      return [];
    } catch (error) {
      return [`${name}: ${(error as Error).message}`];
    }
  };
  const ids = () => baseIds(parseModelIds(vars.MODEL_IDS ?? ''));
  return [
    ...parse('MODEL_IDS', ids),
    ...parse('MEMORY_LIMIT_MB', () => parseMemoryLimit(vars.MEMORY_LIMIT_MB)),
    ...parse('MAX_WORK', () => parseMaxWork(vars.MAX_WORK)),
    ...parse('Engine', () => parseEngines(vars, ids())),
    ...parse('Sampling', () => parseSampling(vars.SAMPLING, ids())),
    ...parse('Scheduling', () => parseScheduling(vars)),
    ...parse('Place', () => parsePlace(vars)),
    ...parse('Access', () => parseAccess(vars)),
    ...parse('Batches', () => parseBatchCaps(vars)),
    ...parse('CPU_BUDGET_MS', () => parseCpuBudget(vars.CPU_BUDGET_MS)),
    ...parse('SESSION_SECONDS', () => parseSessionSeconds(vars.SESSION_SECONDS)),
  ];
}
