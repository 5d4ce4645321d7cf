import { describe, it } from 'vitest';
import { DEFAULT_MODEL } from '../../../src/local/project-paths.ts';
import { SeededRandom } from '../seeded-random.ts';
import { expectLoneAnswers } from './random-schedule.ts';
import { realModel } from './real-model.ts';

describe('the scheduler', () => {
  it.each([
    { engine: 'edge', cacheFormat: 'f32', schedules: 5, callers: 10, longestPrompt: 200, mostTokens: 80 },
    { engine: 'edge', cacheFormat: 'q8', schedules: 5, callers: 10, longestPrompt: 200, mostTokens: 80 },
    { engine: 'ort', cacheFormat: 'f32', schedules: 2, callers: 5, longestPrompt: 120, mostTokens: 16 },
  ] as const)('should give everybody what they get alone from the default model, on $engine with $cacheFormat', async (given) => {
    const { schedules, engine, cacheFormat, ...options } = given;
    // Room for the whole context window, which is what two or three callers of a schedule take.
    const model = await realModel(DEFAULT_MODEL, { engine, cacheFormat }, 0);
    for (let seed = 0; seed < schedules; seed++) await expectLoneAnswers(model, new SeededRandom(seed), options);
  });
});
