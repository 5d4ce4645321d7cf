/**
 * Milliseconds by the clock and of processor time, of all threads of a process. A neighbour on a shared machine adds to the first
 * whatever it takes, to the second only what it costs in caches and memory; on an idle machine one thread has the same of both.
 */
export interface Elapsed {
  readonly wall: number;
  readonly cpu: number;
}

/** Starts a stopwatch for this process. */
export function stopwatch(): () => Elapsed {
  const started = performance.now();
  const used = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(used);
    return { wall: performance.now() - started, cpu: (user + system) / 1000 };
  };
}

/** Of one of `count` equal pieces of work. */
export function each({ wall, cpu }: Elapsed, count: number): Elapsed {
  return { wall: wall / count, cpu: cpu / count };
}
