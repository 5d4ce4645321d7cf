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
  { dtype: 'q4', embeddings: 'q4' },
];
/** Positions that are worth fewer bits: with fewer positions, a chat is over after some turns. */
const ENOUGH_POSITIONS = 1024;
/** With fewer positions than these, not even a question and its answer fit. */
const LEAST_POSITIONS = 128;

/** Settings with which a model fits, and how a Worker then runs it. */
export interface FittingSettings {
  readonly settings: Settings;
  readonly planned: EnginePlan;
  /** Whether they are the checkpoint's own. */
  readonly isOwn: boolean;
}

/**
 * Chooses the most precise settings with which a model fits into a Worker: the checkpoint's own dtype if that leaves room
 * for a window of ENOUGH_POSITIONS, or else fewer bits. All positions are kept, and the Worker serves as many as fit.
 * @param asked settings that were asked for, which stay as they are
 * @param limitBytes bytes that the Worker may hold
 * @throws GptEdgeError `memory_limit_exceeded` with the sum, if the model fits with no settings
 */
export async function bestSettings(open: OpenSettings, asked: Settings, limitBytes: number): Promise<FittingSettings> {
  const own = STORED.findIndex(({ dtype }) => dtype === open.dtype);
  const candidates = STORED.slice(own).filter((stored) => isAsked(stored, asked));
  // Settings that were asked for may be none of the usual ones.
  if (candidates.length === 0) candidates.push({ dtype: open.dtype, embeddings: asked.embeddings ?? 'same' });
  const enough = Math.min(open.contextWindow, ENOUGH_POSITIONS);
  let widest: FittingSettings | undefined;
  let planned: EnginePlan | undefined;
  for (const [index, stored] of candidates.entries()) {
    const settings = { ...stored, contextWindow: asked.contextWindow };
    planned = await planEngine(await open.draft(settings), { engine: 'auto', cacheFormat: 'auto' }, limitBytes);
    if (planned.memory.totalBytes > limitBytes) continue;
    if (planned.contextWindow > (widest?.planned.contextWindow ?? 0)) widest = { settings, planned, isOwn: index === 0 };
    if (planned.contextWindow >= enough) break;
  }
  if (widest !== undefined && widest.planned.contextWindow >= Math.min(open.contextWindow, LEAST_POSITIONS)) return widest;
  throw tooLarge(open.id, planned!, limitBytes);
}

function isAsked({ dtype, embeddings }: { dtype: string; embeddings: string }, asked: Settings): boolean {
  if (asked.dtype !== undefined && asked.dtype !== dtype) return false;
  return asked.embeddings === undefined || asked.embeddings === embeddings;
}

function tooLarge(id: string, { memory, contextWindow }: EnginePlan, limitBytes: number): GptEdgeError {
  return new GptEdgeError(
    'memory_limit_exceeded',
    `${id} is too large for a Worker of ${limitBytes / 1e6} MB: with the fewest bits and a window of ${contextWindow} tokens it needs ${describeMemoryPlan(memory)}. Take a smaller model, or cut its vocabulary with --keep-tokens.`,
    { param: 'model' },
  );
}
