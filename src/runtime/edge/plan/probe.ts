/**
 * Calls that the planner tries a graph's integer arithmetic on, where it would be too much to follow it symbolically: what comes out as the
 * same function of these sizes in each is taken to be that function. The numbers are chosen so that no two things of interest are equal.
 */
export interface Probe {
  /** Positions in the cache before the call. */
  readonly past: number;
  /** Positions that the call adds. */
  readonly rows: number;
  /** `num_logits_to_keep` */
  readonly keep: number;
}

export const PROBES: readonly Probe[] = [
  { past: 0, rows: 5, keep: 1 },
  { past: 7, rows: 3, keep: 2 },
  { past: 31, rows: 11, keep: 4 },
];
