import type { Job } from './job.ts';
import type { Run } from './run.ts';

/**
 * The order in which runs get room, and whose end loses it first: the first run of each job, the oldest job first, then
 * the second run of each job, and so on. So a request of many choices has all the room that nobody else needs, and no
 * more; and the oldest job always has a run that nobody can displace, which is why every job ends some time. Those for
 * which nobody waits come after all others, in the same order.
 * @param jobs the oldest first
 */
export const priorityOrder = (jobs: readonly Job<Run>[]): Run[] => [
  ...inTurns(jobs.filter(({ isOffline }) => !isOffline)),
  ...inTurns(jobs.filter(({ isOffline }) => isOffline)),
];

function inTurns(jobs: readonly Job<Run>[]): Run[] {
  const order: Run[] = [];
  const most = jobs.reduce((length, { runs }) => Math.max(length, runs.length), 0);
  for (let rank = 0; rank < most; rank++) for (const { runs } of jobs) if (rank < runs.length) order.push(runs[rank]);
  return order;
}
