/**
 * Whether tests run for as long as it takes to find what is rare: random schedules by the thousand, a minute of callers,
 * a soak. `GPT_EDGE_LONG_TESTS=true npm test` does that; without it, the same tests take a few seconds each.
 */
export const LONG_RUN = process.env.GPT_EDGE_LONG_TESTS === 'true';
