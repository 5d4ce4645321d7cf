import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Decoder, Feed, Sequence } from '../../src/core/decoder.ts';
import type { Logits } from '../../src/core/logits.ts';
import { openDecoder } from '../../src/local/evaluate/open-decoder.ts';
import { openModelFolder } from '../../src/local/model-folder.ts';
import { DEFAULT_MODEL } from '../../src/local/project-paths.ts';
import { runRandomSchedule } from './random-schedule.ts';
import { ids } from './token-ids.ts';

describe.each(['edge', 'ort'] as const)('the decoder contract on %s', (engine) => {
  let decoder: Decoder;
  const open: Sequence[] = [];
  const create = () => {
    const sequence = decoder.createSequence();
    open.push(sequence);
    return sequence;
  };
  const past = async (count: number, step?: number) => {
    const sequence = create();
    await sequence.forward(ids(count, step), 0);
    return sequence;
  };
  beforeAll(async () => {
    decoder = await openDecoder(await openModelFolder(DEFAULT_MODEL), { engine, cacheFormat: 'f32' });
  });
  afterEach(() => {
    for (const sequence of open.splice(0)) sequence.dispose();
    expect(decoder.kvCache.freeBlocks).toBe(decoder.kvCache.totalBlocks);
  });

  it('should give each feed of a batch the logits of its lone run', async () => {
    const feeds = [
      { past: 0, tokens: 70, rows: 3 },
      { past: 130, tokens: 1, rows: 1 },
      { past: 5, tokens: 4, rows: 0 },
      { past: 250, tokens: 20, rows: 20 },
    ];
    const lone = await Promise.all(
      feeds.map(async ({ past: count, tokens, rows }, step) => (await past(count || 1, 3 + step)).forward(ids(tokens, 5 + step), rows)),
    );
    const sequences = await Promise.all(feeds.map(({ past: count }, step) => past(count || 1, 3 + step)));
    const batched = feeds.map(({ rows }) => new Float32Array(rows * decoder.vocabularySize));
    const order = feeds.map((): number[] => []);
    await decoder.forwardBatch(
      feeds.map(({ tokens, rows }, step) => ({
        sequence: sequences[step],
        tokens: ids(tokens, 5 + step),
        rows,
        read: ({ values }, row) => {
          order[step].push(row);
          batched[step].set(values, row * decoder.vocabularySize);
        },
      })),
    );
    expect(batched).toEqual(lone);
    expect(order).toEqual(feeds.map(({ rows }) => Array.from({ length: rows }, (_, row) => row)));
    expect(sequences.map(({ length }) => length)).toEqual(feeds.map(({ past: count, tokens }) => (count || 1) + tokens));
  });

  it('should give hidden states in place of logits, the same bits in any batch, or say that it cannot', async () => {
    const feeds = [
      { tokens: 70, rows: 70, hidden: true },
      { tokens: 30, rows: 9, hidden: false },
      { tokens: 5, rows: 5, hidden: true },
      { tokens: 3, rows: 0, hidden: true },
      { tokens: 1, rows: 1, hidden: false },
    ];
    const run = async (chosen: typeof feeds) => {
      const results: number[][][] = chosen.map(() => []);
      const batch = chosen.map(({ tokens, rows, hidden }, step): Feed => {
        const take = (values: Float32Array, row: number) => {
          results[step][row] = [...values];
        };
        const read = ({ values }: Logits, row: number) => take(values, row);
        return { sequence: create(), tokens: ids(tokens, 5 + tokens), rows, read, readHidden: hidden ? take : undefined };
      });
      await decoder.forwardBatch(batch);
      return results;
    };
    const { hiddenSize } = decoder;
    if (hiddenSize === null) {
      await expect(run(feeds)).rejects.toMatchObject({ code: 'unsupported_model' });
      return;
    }
    const together = await run(feeds);
    for (const [index, feed] of feeds.entries()) {
      expect(together[index]).toHaveLength(feed.rows);
      for (const row of together[index]) expect(row).toHaveLength(feed.hidden ? hiddenSize : decoder.vocabularySize);
      expect((await run([feed]))[0]).toEqual(together[index]);
    }
  });

  it('should go on from where a sequence was cut as if nothing had been there', async () => {
    const expected = await (await past(100)).forward(ids(60, 11), 60);
    const sequence = await past(100);
    await sequence.forward(ids(190, 13));
    sequence.truncate(100);
    expect(sequence.length).toBe(100);
    expect(await sequence.forward(ids(60, 11), 60)).toEqual(expected);
    sequence.truncate(0);
    expect(await sequence.forward([7])).toEqual(await create().forward([7]));
    expect(() => sequence.truncate(2)).toThrow(RangeError);
    expect(() => sequence.truncate(-1)).toThrow(RangeError);
  });

  it('should leave a fork as it was when its origin is cut, and the other way round', async () => {
    const expected = await (await past(150)).forward([7]);
    const origin = await past(150);
    const fork = origin.fork();
    open.push(fork);
    origin.truncate(60);
    await origin.forward(ids(80, 3));
    const second = fork.fork();
    open.push(second);
    second.truncate(100);
    await second.forward(ids(10, 5));
    expect(await fork.forward([7])).toEqual(expected);
  });

  it('should count the blocks that sequences hold', async () => {
    const { blockPositions, totalBlocks } = decoder.kvCache;
    const sequence = create();
    expect([1, blockPositions, blockPositions + 1].map((count) => sequence.blocksFor(count))).toEqual([1, 1, 2]);
    await sequence.forward(ids(blockPositions - 1), 0);
    expect([sequence.blocksFor(1), sequence.blocksFor(2)]).toEqual([0, 1]);
    expect(decoder.kvCache.freeBlocks).toBe(totalBlocks - 1);
    await sequence.forward(ids(2), 0);
    expect(decoder.kvCache.freeBlocks).toBe(totalBlocks - 2);
    sequence.truncate(blockPositions);
    expect(decoder.kvCache.freeBlocks).toBe(totalBlocks - 1);
    sequence.dispose();
    sequence.dispose();
    expect(decoder.kvCache.freeBlocks).toBe(totalBlocks);
  });

  it('should change nothing if one feed of a batch does not fit its context window', async () => {
    const [first, second] = [await past(10), await past(decoder.contextWindow)];
    const feed = (sequence: Sequence) => ({ sequence, tokens: [1], rows: 1, read: () => expect.unreachable() });
    const { freeBlocks } = decoder.kvCache;
    await expect(decoder.forwardBatch([feed(first), feed(second)])).rejects.toMatchObject({ code: 'context_length_exceeded' });
    expect([first.length, second.length, decoder.kvCache.freeBlocks]).toEqual([10, decoder.contextWindow, freeBlocks]);
    await expect(decoder.forwardBatch([feed(first), feed(first)])).rejects.toThrow(RangeError);
  });

  it('should give each sequence of a random schedule the logits of its lone run', async () => {
    const steps = engine === 'edge' ? 30 : 12;
    const lone = engine === 'edge' ? 'singly' : 'alike';
    const counts = await runRandomSchedule(decoder, decoder, { seed: 3, steps, tokens: [259, 395, 419], lone });
    expect(counts.feeds).toBeGreaterThan(steps / 2);
  });
});
