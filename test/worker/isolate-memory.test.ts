import { describe, expect, it } from 'vitest';
import { memoryPlan } from '../../src/core/memory-plan.ts';
import { IsolateMemory } from '../../src/worker/isolate-memory.ts';

/** A plan of a model on the edge engine, with 10 bytes that all models share. */
const edge = (bytes: number) => memoryPlan([{ name: 'all', bytes: bytes + 10 }], { sharedBytes: 10 });
/** A plan of a model on onnxruntime-web. */
const ort = (bytes: number) => memoryPlan([{ name: 'all', bytes }], { retainedBytes: bytes });

function memoryOf(limitBytes: number, modelCount: number, queueSeconds = 0) {
  const unloaded: string[] = [];
  const memory = new IsolateMemory({ limitBytes, modelCount, queueSeconds, unload: (id) => unloaded.push(id) });
  /** Uses a model until the function is called that is returned. */
  const use = (id: string) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    memory.use(id, promise);
    return async () => {
      resolve();
      await promise;
    };
  };
  /** A request that is over at once. */
  const ask = async (id: string, plan: ReturnType<typeof edge>) => {
    const end = use(id);
    await memory.take(id, plan).finally(end);
    return unloaded.splice(0);
  };
  return { memory, use, ask };
}

describe('IsolateMemory', () => {
  it('should give a lone model all that is left, and several models equal shares', async () => {
    const alone = memoryOf(128, 1);
    await alone.ask('a', edge(14));
    expect(alone.memory.allowance('a')).toBe(128);
    const { memory, ask } = memoryOf(128, 3);
    for (const id of ['a', 'b', 'c']) expect(await ask(id, edge(14))).toEqual([]);
    // A third of 128 - 24, of 128 - 38, and of 128 - 52.
    expect(['a', 'b', 'c'].map((id) => memory.allowance(id))).toEqual([24 + 34, 24 + 30, 24 + 12]);
  });

  it('should unload the models that were used least recently, and no more than it takes', async () => {
    const { ask } = memoryOf(100, 50);
    for (const id of ['a', 'b', 'c']) await ask(id, edge(25));
    expect(await ask('a', edge(25))).toEqual([]);
    expect(await ask('d', edge(25))).toEqual(['b']);
    expect(await ask('b', edge(60))).toEqual(['c', 'a']);
  });

  it('should come to hold all models together that fit together', async () => {
    for (const size of [30, 25, 20]) {
      const { ask } = memoryOf(100, 4);
      for (const id of ['a', 'b', 'c', 'a', 'b', 'c', 'a', 'b', 'c']) await ask(id, edge(size));
      for (const id of ['a', 'b', 'c', 'b']) expect(await ask(id, edge(size))).toEqual([]);
    }
  });

  it('should give all that is left to a model that fits beside no other', async () => {
    const { memory, ask } = memoryOf(128, 2);
    await ask('large', edge(118));
    expect(await ask('small', edge(14))).toEqual(['large']);
    expect(memory.allowance('small')).toBe(128);
    expect(await ask('large', edge(118))).toEqual(['small']);
  });

  it('should keep the models that requests use, and refuse another meanwhile', async () => {
    const { use, ask } = memoryOf(100, 50);
    await ask('b', edge(40));
    await ask('a', edge(40));
    const ends = [use('a'), use('a')];
    expect(await ask('c', edge(40))).toEqual(['b']);
    const endOfC = use('c');
    await expect(ask('b', edge(60))).rejects.toMatchObject({
      code: 'overloaded',
      retryAfterSeconds: 5,
      message: expect.stringMatching(
        /^b needs 0\.1 MB, and of the 0\.0001 MB of this isolate a and c hold too much while they answer requests\./,
      ),
    });
    await ends[0]();
    await expect(ask('b', edge(60))).rejects.toMatchObject({ code: 'overloaded' });
    await ends[1]();
    expect(await ask('b', edge(50))).toEqual(['a']);
    await endOfC();
    expect(await ask('a', edge(60))).toEqual(['b', 'c']);
  });

  it('should let a request wait for the end of those that hold the room', async () => {
    const { use, ask } = memoryOf(100, 2, 10);
    await ask('a', edge(80));
    const end = use('a');
    const asked = ask('b', edge(80));
    setTimeout(end, 120);
    expect(await asked).toEqual(['a']);
  });

  it('should take room for a model once, however many requests wait for it', async () => {
    const { memory, use, ask } = memoryOf(100, 2, 10);
    await ask('a', edge(80));
    const end = use('a');
    const asked = [ask('b', edge(20)), ask('b', edge(20)), ask('b', edge(20))];
    setTimeout(end, 60);
    await Promise.all(asked);
    expect(memory.allowance('b')).toBeLessThanOrEqual(100);
    memory.free('b');
    expect(memory.allowance('b')).toBe(0);
  });

  it('should know that onnxruntime-web keeps its memory for its own models', async () => {
    const { ask } = memoryOf(100, 3);
    await ask('a', ort(60));
    expect(await ask('b', ort(70))).toEqual(['a']);
    await expect(ask('c', edge(40))).rejects.toMatchObject({ code: 'overloaded' });
  });

  it('should let a model have its room that waits, however often the one that holds it is asked for', async () => {
    const { memory, use } = memoryOf(100, 2, 10);
    await memory.take('busy', edge(60));
    let asked = 0;
    let isOver = false;
    const callers = Array.from({ length: 3 }, async () => {
      while (!isOver) {
        await memory.giveWay('busy');
        const end = use('busy');
        await memory.take('busy', edge(60));
        asked++;
        await new Promise((resolve) => setTimeout(resolve, 30));
        await end();
      }
    });
    const end = use('waiting');
    await memory.take('waiting', edge(60));
    expect(asked).toBeGreaterThan(30);
    isOver = true;
    await end();
    await Promise.all(callers);
  });

  describe('a model that another has superseded', () => {
    /** Models that hold no more than so many bytes beyond their plans, until they are given more. */
    function versions(limitBytes: number, held: Record<string, number>) {
      const unloaded: string[] = [];
      const loaded = new Set<string>();
      const beyond = new Map<string, number>();
      const memory = new IsolateMemory({
        ...{ limitBytes, modelCount: 1, queueSeconds: 0 },
        unload: (id) => unloaded.push(id),
        addRoom: (id, bytes) => {
          if (!loaded.has(id)) return undefined;
          const before = beyond.get(id)!;
          beyond.set(id, Math.max(held[id] ?? 0, before + bytes));
          return beyond.get(id)! - before;
        },
      });
      const use = (id: string) => {
        const { promise, resolve } = Promise.withResolvers<void>();
        memory.use(id, promise);
        return async () => {
          resolve();
          await promise;
        };
      };
      const load = async (id: string, bytes: number) => {
        await memory.take(id, edge(bytes));
        return () => {
          beyond.set(id, memory.allowance(id) - bytes - 10);
          loaded.add(id);
          memory.loaded(id);
        };
      };
      return { memory, use, load, unloaded };
    }

    it('should be unloaded when its last request has ended, and hold no more than it does until then', async () => {
      const { memory, use, load, unloaded } = versions(100, { old: 5 });
      const ends = [use('old'), use('old')];
      (await load('old', 20))();
      expect(memory.allowance('old')).toBe(100);
      memory.supersede('old', 'new');
      expect(memory.allowance('old')).toBe(35);
      const endOfNew = use('new');
      (await load('new', 20))();
      // Ten bytes of the heap are there once.
      expect(memory.allowance('new')).toBe(75);
      await ends[0]();
      expect(unloaded).toEqual([]);
      await ends[1]();
      expect(unloaded).toEqual(['old']);
      expect(memory.allowance('new')).toBe(100);
      await endOfNew();
      expect(unloaded).toEqual(['old']);
    });

    it('should leave its room to the one that is served in the end, also if that is still being loaded', async () => {
      const { memory, use, load, unloaded } = versions(100, {});
      const ends = [use('one'), use('two')];
      (await load('one', 15))();
      memory.supersede('one', 'two');
      (await load('two', 15))();
      memory.supersede('two', 'three');
      use('three');
      const endLoad = await load('three', 15);
      for (const end of ends) await end();
      expect(unloaded).toEqual(['one', 'two']);
      expect(memory.allowance('three')).toBeLessThan(100);
      endLoad();
      expect(memory.allowance('three')).toBe(100);
    });

    it('should stay if it takes its place again, and be unloaded at once if nobody uses it', async () => {
      const { memory, use, load, unloaded } = versions(100, { one: 5 });
      const end = use('one');
      (await load('one', 20))();
      memory.supersede('one', 'two');
      (await load('two', 20))();
      memory.supersede('two', 'one');
      expect(unloaded).toEqual(['two']);
      expect(memory.allowance('one')).toBe(100);
      await end();
      expect(unloaded).toEqual(['two']);
    });
  });
});
