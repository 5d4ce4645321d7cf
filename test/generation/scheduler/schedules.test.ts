import { describe, expect, it } from 'vitest';
import { LONG_RUN } from '../../long-run.ts';
import { MULTIPLY_ADDS_PER_TURN, type PastDecoder } from '../past-decoder.ts';
import { pastModel } from '../past-model.ts';
import { SeededRandom } from '../seeded-random.ts';
import { expectLoneAnswers } from './random-schedule.ts';

const SCHEDULES = LONG_RUN ? 3000 : 60;

/** Between steps, room is given up and given back at random, as when another model is loaded beside this one. */
function changeRoom(decoder: PastDecoder, random: SeededRandom): void {
  const forward = decoder.forwardBatch.bind(decoder);
  decoder.forwardBatch = async (feeds) => {
    await forward(feeds);
    if (random.next() < 0.2) decoder.kvCache.addRoom!(random.pick([Number.NEGATIVE_INFINITY, -3, 5]));
  };
}

describe('the scheduler', () => {
  it('should give every caller of random schedules what it gets alone, and hold nothing in the end', async () => {
    for (let seed = 0; seed < SCHEDULES; seed++) {
      const random = new SeededRandom(seed);
      const perToken = random.pick([1, MULTIPLY_ADDS_PER_TURN / 400, MULTIPLY_ADDS_PER_TURN / 40]);
      const totalBlocks = random.pick([17, 20, 40, 400]);
      const model = pastModel({ multiplyAddsPerToken: perToken, eosTokenIds: [7] }, { blockPositions: 4, totalBlocks });
      if (random.next() < 0.5) changeRoom(model.decoder, random);
      const options = { callers: 2 + random.integer(14), longestPrompt: 30, mostTokens: 30, speculates: random.next() < 0.7 };
      await expectLoneAnswers(model, random, options);
      expect(model.decoder.openSequences).toBe(0);
    }
  });
});
