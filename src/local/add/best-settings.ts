import type { OpenSettings, Settings } from '../../convert/convert-options.ts';
import { GptEdgeError } from '../../core/errors.ts';
import { describeMemoryPlan } from '../../core/memory-plan.ts';
import { type EnginePlan, planEngine } from '../../runtime/plan-engine.ts';

/** The ways to store weights, the most precise first. */
const STORED: readonly Required<Pick<Settings, 'dtype' | 'embeddings'>>[] = [
  { dtype: 'fp32', embeddings: 'same' },
  { dtype: 'fp16', embeddings: 'same' },
  { dtype: 'q8', embeddings: 'same' },
  { dtype: 'q4', embeddings: 'q8' },
  { dtype: 'q4', embeddings: 'same' },
];
/** Positions that are worth fewer bits: with fewer positions, a chat is over after some turns. */
const ENOUGH_POSITIONS = 1024;
/** With fewer positions than these, not even a question and its answer fit. */
const LEAST_POSITIONS = 128;
/** A window that is cut is a multiple of this many positions, whose KV cache the edge engine holds in whole blocks. */
const WINDOW_STEP = 64;

/** Settings with which a model fits, and what it then needs. */
export interface FittingSettings {
  readonly settings: Required<Settings>;
  readonly planned: EnginePlan;
  /** Whether nothing of the model was given up for memory. */
  readonly isWhole: boolean;
}

/**
 * Chooses the most precise settings with which a model fits into a Worker: the checkpoint's own dtype if that leaves room
 * for a window of ENOUGH_POSITIONS, or else fewer bits; and as many positions as fit then.
 * @param asked settings that were asked for, which stay as they are
 * @param limitBytes bytes that the Worker may hold
 * @throws GptEdgeError `memory_limit_exceeded` with the sum, if the model fits with no settings
 */
export async function bestSettings(open: OpenSettings, asked: Settings, limitBytes: number): Promise<FittingSettings> {
  const start = STORED.findIndex(({ dtype }) => dtype === open.dtype);
  const candidates = STORED.slice(start).filter((stored) => isAsked(stored, asked));
  // Settings that were asked for may be none of the usual ones.
  const stored = candidates.length > 0 ? candidates : [{ dtype: open.dtype, embeddings: asked.embeddings ?? 'same' }];
  const enough = Math.min(open.contextWindow, ENOUGH_POSITIONS);
  let widest: FittingSettings | undefined;
  for (const [index, candidate] of stored.entries()) {
    const fitting = await widestWindow(open, candidate, asked.contextWindow, limitBytes);
    const window = fitting?.settings.contextWindow ?? 0;
    if (window > (widest?.settings.contextWindow ?? 0)) widest = fitting && { ...fitting, isWhole: fitting.isWhole && index === 0 };
    if (window >= enough) break;
  }
  if (widest !== undefined && widest.settings.contextWindow >= Math.min(open.contextWindow, LEAST_POSITIONS)) return widest;
  throw tooLarge(
    open.id,
    await planWith(open, { ...stored.at(-1)!, contextWindow: Math.min(open.contextWindow, LEAST_POSITIONS) }, limitBytes),
    limitBytes,
  );
}

function isAsked({ dtype, embeddings }: { dtype: string; embeddings: string }, asked: Settings): boolean {
  if (asked.dtype !== undefined && asked.dtype !== dtype) return false;
  return asked.embeddings === undefined || asked.embeddings === embeddings;
}

/** Finds the most positions that fit with weights that are stored in a certain way; undefined if not even one does. */
async function widestWindow(
  open: OpenSettings,
  stored: { readonly dtype: string; readonly embeddings: string },
  asked: number | undefined,
  limitBytes: number,
): Promise<FittingSettings | undefined> {
  const tryWindow = async (contextWindow: number): Promise<FittingSettings | undefined> => {
    const settings = { ...stored, contextWindow };
    const planned = await planWith(open, settings, limitBytes);
    return planned.memory.totalBytes <= limitBytes ? { settings, planned, isWhole: contextWindow === open.contextWindow } : undefined;
  };
  const whole = await tryWindow(open.contextWindow);
  if (whole !== undefined || asked !== undefined) return whole;
  let best: FittingSettings | undefined;
  for (let [low, high] = [1, Math.ceil(open.contextWindow / WINDOW_STEP) - 1]; low <= high; ) {
    const middle = Math.floor((low + high) / 2);
    const fitting = await tryWindow(middle * WINDOW_STEP);
    if (fitting === undefined) high = middle - 1;
    else [best, low] = [fitting, middle + 1];
  }
  return best;
}

async function planWith(open: OpenSettings, settings: Settings, limitBytes: number): Promise<EnginePlan> {
  return planEngine(await open.draft(settings), { engine: 'auto', cacheFormat: 'auto' }, limitBytes);
}

function tooLarge(id: string, { memory }: EnginePlan, limitBytes: number): GptEdgeError {
  return new GptEdgeError(
    'memory_limit_exceeded',
    `${id} is too large for a Worker of ${limitBytes / 1e6} MB: with the fewest bits and the shortest window it needs ${describeMemoryPlan(memory)}. Take a smaller model, or one with a smaller vocabulary.`,
    { param: 'model' },
  );
}
