import { GptEdgeError } from '../core/errors.ts';
import { parsePlace } from '../engine-object/place-variables.ts';
import { checkMemory, type EnginePlan, planEngine } from '../runtime/plan-engine.ts';
import { parseBatchCaps } from '../worker/batch-variables.ts';
import { parseEngines, parseMemoryLimit } from '../worker/worker-variables.ts';
import { DiskModelFiles } from './disk-model-files.ts';
import type { ModelFolder } from './model-folder.ts';

/** How a Worker will run a model. */
export interface PlannedModel {
  id: string;
  planned: EnginePlan;
  /** Positions of the model's own context window, of which the plan may have fewer. */
  modelWindow: number;
  /** What a token takes, and how weights are stored. */
  multiplyAddsPerToken: number;
  dtype: string;
  /** Megabytes that the model may need. */
  limitMegabytes: number;
}

/**
 * Plans models as a Worker with these variables does when it is first asked for them, so that a model that it would
 * refuse is refused before it is pushed or served.
 * @param edgeOnly whether the Worker is without onnxruntime-web
 * @throws GptEdgeError `memory_limit_exceeded` or `unsupported_model` for a model that cannot run, `invalid_value` for
 * a variable that the Worker refuses
 */
export async function planModels(
  folders: readonly ModelFolder[],
  vars: Readonly<Record<string, string | undefined>>,
  edgeOnly = false,
): Promise<PlannedModel[]> {
  const ids = folders.map(({ manifest }) => manifest.id);
  const { limitMegabytes, engineOf } = readVariables(vars, ids);
  return Promise.all(
    folders.map(async (folder) => {
      const { id, contextWindow: modelWindow, multiplyAddsPerToken, dtype } = folder.manifest;
      const planned = await planEngine(new DiskModelFiles(folder), engineOf(id), limitMegabytes * 1e6);
      checkMemory(id, planned, limitMegabytes * 1e6);
      if (edgeOnly && planned.engine === 'ort') throw needsOrt(id, planned.reason);
      return { id, planned, modelWindow, multiplyAddsPerToken, dtype, limitMegabytes };
    }),
  );
}

/** The Worker throws plain errors for its variables, since they concern no request. */
function readVariables(vars: Readonly<Record<string, string | undefined>>, ids: readonly string[]) {
  try {
    parsePlace(vars);
    parseBatchCaps(vars);
    return { limitMegabytes: parseMemoryLimit(vars.MEMORY_LIMIT_MB), engineOf: parseEngines(vars, ids) };
  } catch (cause) {
    throw new GptEdgeError('invalid_value', (cause as Error).message, { cause });
  }
}

const needsOrt = (id: string, reason = 'that engine was chosen') =>
  new GptEdgeError('unsupported_model', `${id} needs onnxruntime-web, which --edge-only leaves out: ${reason}`);
