import { GptEdgeError } from '../core/errors.ts';
import { checkMemory, type EnginePlan, planEngine } from '../runtime/plan-engine.ts';
import { parseEngines, parseMemoryLimit } from '../worker/worker-variables.ts';
import { DiskModelFiles } from './disk-model-files.ts';
import type { ModelFolder } from './model-folder.ts';

/** How a Worker will run a model. */
export interface PlannedModel {
  id: string;
  planned: EnginePlan;
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
    folders.map(async (folder, index) => {
      const planned = await planEngine(new DiskModelFiles(folder), engineOf(ids[index]), limitMegabytes * 1e6);
      checkMemory(ids[index], planned, limitMegabytes * 1e6);
      if (edgeOnly && planned.engine === 'ort') throw needsOrt(ids[index], planned.reason);
      return { id: ids[index], planned, limitMegabytes };
    }),
  );
}

/** The Worker throws plain errors for its variables, since they concern no request. */
function readVariables({ MEMORY_LIMIT_MB, ENGINE, KV_CACHE }: Readonly<Record<string, string | undefined>>, ids: readonly string[]) {
  try {
    return { limitMegabytes: parseMemoryLimit(MEMORY_LIMIT_MB), engineOf: parseEngines(ENGINE, KV_CACHE, ids) };
  } catch (cause) {
    throw new GptEdgeError('invalid_value', (cause as Error).message, { cause });
  }
}

const needsOrt = (id: string, reason = 'that engine was chosen') =>
  new GptEdgeError('unsupported_model', `${id} needs onnxruntime-web, which --edge-only leaves out: ${reason}`);
