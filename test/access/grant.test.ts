import { afterEach, expect, it, vi } from 'vitest';
import type { AccessService, Admitted } from '../../src/access/access-service.ts';
import { LeasedGrant } from '../../src/access/grant.ts';

afterEach(() => void vi.useRealTimers());

const ADMITTED: Admitted = {
  lease: 'lease',
  owner: 'owner',
  models: [],
  origins: [],
  reserves: true,
  prices: { prompt: 0, completion: 0 },
  allowances: {},
};

/** A service that notes what it is asked; the first answers to some of it fail. */
function serviceThat(fails: Partial<Record<keyof AccessService, number>>, asked: string[]): () => AccessService {
  const method = (name: keyof AccessService, answer: unknown) => async () => {
    asked.push(name);
    fails[name] = (fails[name] ?? 0) - 1;
    if (fails[name]! >= 0) throw new Error('the object was reset');
    return answer;
  };
  const service = {
    reserve: method('reserve', { allowances: {} }),
    settle: method('settle', undefined),
    renew: method('renew', undefined),
  };
  return () => service as unknown as AccessService;
}

it('should ask once more when the object is moved, and then refuse', async () => {
  vi.useFakeTimers();
  const asked: string[] = [];
  await new LeasedGrant(ADMITTED, serviceThat({ reserve: 1 }, asked)).reserve(1, 1);
  expect(asked).toEqual(['reserve', 'reserve']);
  const refused = new LeasedGrant(ADMITTED, serviceThat({ reserve: 2 }, [])).reserve(1, 1);
  await expect(refused).rejects.toMatchObject({ code: 'overloaded', retryAfterSeconds: 1 });
});

it('should keep a request counted as running for as long as somebody wants the answer', async () => {
  vi.useFakeTimers();
  const renewals = async (minutes: number, end: (grant: LeasedGrant, left: AbortController) => void) => {
    const [asked, left]: [string[], AbortController] = [[], new AbortController()];
    const grant = new LeasedGrant(ADMITTED, serviceThat({ renew: 1 }, asked));
    await grant.reserve(1, 1, left.signal);
    await vi.advanceTimersByTimeAsync(5 * 60_000);
    end(grant, left);
    await vi.advanceTimersByTimeAsync(minutes * 60_000);
    return asked.filter((name) => name === 'renew').length;
  };
  expect(await renewals(5, () => {})).toBe(10);
  expect(await renewals(5, (_, left) => left.abort())).toBe(5);
  expect(await renewals(5, (grant) => void grant.settle({ status: 200, promptTokens: 1, completionTokens: 1, milliseconds: 1 }))).toBe(5);
  expect(await renewals(600, () => {})).toBe(60);
});
