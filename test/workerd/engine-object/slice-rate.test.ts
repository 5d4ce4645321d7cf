import { runInDurableObject } from 'cloudflare:test';
import { expect, it } from 'vitest';
import { StoredRate } from '../../../src/engine-object/slice-rate.ts';
import { WorkRate } from '../../../src/generation/work-rate.ts';
import { stub } from './sliced.ts';

it('should keep what was measured for the next object, and write it only if it has changed', async () => {
  await runInDurableObject(stub(), (_, { storage: { sql } }) => {
    sql.exec('drop table if exists rate');
    const rate = new WorkRate();
    const stored = new StoredRate(sql, () => rate);
    stored.sync();
    expect([...sql.exec('select * from rate')]).toEqual([]);
    for (let turn = 0; turn < 20; turn++) rate.record(1, 61.1);
    stored.sync();
    const next = new WorkRate();
    new StoredRate(sql, () => next).sync();
    expect(next.millisecondsPerTurn).toBeCloseTo(60, 9);
    for (let turn = 0; turn < 20; turn++) rate.record(1, 63.1);
    stored.sync();
    expect([...sql.exec<{ milliseconds_per_turn: number }>('select * from rate')][0].milliseconds_per_turn).toBeCloseTo(60, 9);
    // A model that is not loaded yet has none.
    new StoredRate(sql, () => undefined).sync();
  });
});
