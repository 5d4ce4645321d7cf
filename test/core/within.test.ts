import { afterEach, describe, expect, it, vi } from 'vitest';
import { askObject } from '../../src/core/ask-object.ts';
import { steadyNow } from '../../src/core/steady-clock.ts';
import { within } from '../../src/core/within.ts';

afterEach(() => {
  vi.useRealTimers();
});

describe('within', () => {
  it('should give what comes in time, and else the error of what does not', async () => {
    const late = () => new Error('late');
    expect(await within(Promise.resolve(1), 1000, late)).toBe(1);
    await expect(within(Promise.reject(new Error('broken')), 1000, late)).rejects.toThrow('broken');
    await expect(within(new Promise(() => {}), 5, late)).rejects.toThrow('late');
  });
});

describe('askObject', () => {
  const failure = (cause: unknown) => new Error(`failed: ${(cause as Error).message}`);

  it('should ask once more if the object fails, or does not answer', async () => {
    vi.useFakeTimers();
    for (const fail of [() => Promise.reject(new Error('reset')), () => new Promise<string>(() => {})]) {
      let calls = 0;
      const answer = askObject(() => (calls++ === 0 ? fail() : Promise.resolve('answer')), failure);
      await vi.advanceTimersByTimeAsync(5000);
      expect(await answer).toBe('answer');
      expect(calls).toBe(2);
    }
  });

  it('should fail after twice its time, and never wait for ever', async () => {
    vi.useFakeTimers();
    const answer = askObject(() => new Promise(() => {}), failure);
    const failed = expect(answer).rejects.toThrow('failed: the object has not answered for 5000 ms');
    await vi.advanceTimersByTimeAsync(10_000);
    await failed;
  });
});

describe('steadyNow', () => {
  it('should not go back with the clock, nor on by hours with it', () => {
    vi.useFakeTimers({ now: 1e12 });
    const start = steadyNow();
    vi.setSystemTime(1e12 + 50);
    expect(steadyNow() - start).toBe(50);
    vi.setSystemTime(1e12 - 5 * 3_600_000);
    expect(steadyNow() - start).toBe(50);
    vi.setSystemTime(1e12 - 5 * 3_600_000 + 7);
    expect(steadyNow() - start).toBe(57);
    vi.setSystemTime(1e12 + 5 * 3_600_000);
    expect(steadyNow() - start).toBe(5_057);
  });
});
