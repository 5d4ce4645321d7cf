/**
 * Elapsed time in milliseconds: by the clock, and the processor time of all threads of a process. On a shared machine
 * other programs add all their time to the first, but to the second only what they cost in caches and memory
 * bandwidth. On an idle machine, both are the same for one thread.
 */
export interface Elapsed {
  readonly wall: number;
  readonly cpu: number;
}

/** Starts a stopwatch for this process. The function that it returns tells the time since then. */
export function stopwatch(): () => Elapsed {
  const started = performance.now();
  const used = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(used);
    return { wall: performance.now() - started, cpu: (user + system) / 1000 };
  };
}

/** The time of one of `count` equal pieces of work. */
export function each({ wall, cpu }: Elapsed, count: number): Elapsed {
  return { wall: wall / count, cpu: cpu / count };
}
