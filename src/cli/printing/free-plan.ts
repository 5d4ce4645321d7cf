import { FREE_DAY } from '../../core/prices.ts';
import { tokenMilliseconds } from '../../core/token-time.ts';
import type { PlannedModel } from '../../local/plan-models.ts';

/** Tokens of the answers by which requests and tokens are compared. */
const ANSWER = 100;

/** What the free plan allows in a day if the engine runs in objects, as sentences; none for other engines. */
export function describeFreePlan(models: readonly PlannedModel[], place: 'object' | 'worker'): string[] {
  if (place === 'worker')
    return ["In the Worker itself (ENGINE_PLACE=worker) the free plan's 10 ms of CPU per request are not enough. The paid plan has 30 s."];
  const { requests, objectSeconds } = FREE_DAY;
  const head = `The free plan has, each day and by Cloudflare's documents, ${count(requests)} requests and ${count(objectSeconds)} seconds of active objects:`;
  const rows = models.flatMap(({ id, planned, multiplyAddsPerToken, dtype }) => {
    if (planned.engine !== 'edge') return [];
    const { completion } = tokenMilliseconds({ multiplyAddsPerToken, dtype });
    const tokens = Math.min((objectSeconds * 1000) / completion, requests * ANSWER);
    return [`- ${id}: about ${count(rounded(tokens))} tokens in answers of ${ANSWER}, at ${completion.toFixed(1)} ms of CPU a token.`];
  });
  return rows.length === 0 ? [] : [head, ...rows, 'None of that was tried on their network. docs/cost.md has the sums and their sources.'];
}

const count = (value: number): string => value.toLocaleString('en');
/** Two digits, since it is an estimate. */
const rounded = (value: number): number => Number(value.toPrecision(2));
