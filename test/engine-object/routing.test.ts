import { describe, expect, it } from 'vitest';
import { objectOrder } from '../../src/engine-object/choose-objects.ts';
import { regionOf } from '../../src/engine-object/region.ts';
import { requestHint } from '../../src/engine-object/request-hint.ts';

const hint = (body: object) => requestHint(JSON.stringify(body));
const user = (content: string) => ({ role: 'user', content });

describe('requestHint', () => {
  it('should find the model, before a long text and behind it', () => {
    const prompt = 'a "quoted" \\ text { [ '.repeat(1000);
    for (const body of [
      { model: 'a', prompt },
      { prompt, model: 'a' },
      { messages: [user(prompt)], logit_bias: { 1: 2 }, stop: ['}', ']'], n: 1, seed: null, model: 'a' },
    ])
      expect(hint(body).model).toBe('a');
  });

  it('should find the stored response that a request goes on with or refers to, wherever that stands', () => {
    const rest = `${'0123456789abcdef'.repeat(2)}${btoa('eu/a/1').replaceAll('=', '')}`;
    const id = `resp_${rest}`;
    const item = { type: 'item_reference', id: `msg_${rest}_0` };
    const storedOf = (body: object) => requestHint(JSON.stringify(body), true).stored;
    const input = [user('a "quoted" text'), item];
    for (const body of [
      { previous_response_id: id, input: 'Hi' },
      { model: 'a', prompt_cache_key: 'k', input: [user('Hi')], previous_response_id: id },
      { input, model: 'a' },
      { input: [{ ...user('Hi'), id: 'msg_0123456789abcdef0123456789abcdef_0' }, item] },
    ])
      expect(storedOf(body)).toBe(id);
    for (const body of [
      { input: JSON.stringify(input) },
      { input: 'Hi', metadata: { previous_response_id: id } },
      { input: [{ type: 'message', id: item.id, ...user('Hi') }] },
      { previous_response_id: null, input: 'Hi' },
    ])
      expect(storedOf(body)).toBeUndefined();
    expect(hint({ previous_response_id: id }).stored).toBeUndefined();
  });

  it('should find none where there is none, or the beginning ends before it', () => {
    for (const text of [
      '',
      '{',
      '[]',
      '{"model"',
      '{"model":',
      '{"model":"a',
      '{"model":7}',
      '{"model" "a"}',
      '{"x":{"model":"a"}}',
      '{"a":"\\"',
    ])
      expect(requestHint(text).model, text).toBeUndefined();
    expect(requestHint('{"prompt":"Once upon a tim').model).toBeUndefined();
  });

  it('should give all turns of a conversation one key, and other conversations another', () => {
    const system = { role: 'system', content: 'Say {"role":"user"} when you are { done.' };
    const first = [system, { content: 'a "name" } {', role: 'user' }];
    const turns = [first, [...first, { role: 'assistant', content: 'b' }, user('c')], [...first, { role: 'assistant', content: 'other' }]];
    const keys = turns.map((messages) => hint({ model: 'a', messages }).key);
    expect(new Set(keys).size).toBe(1);
    expect(hint({ messages: [system, user('another')] }).key).not.toBe(keys[0]);
  });

  it('should give texts with the same first 64 characters one key', () => {
    const beginning = 'x'.repeat(64);
    expect(hint({ prompt: `${beginning}1` }).key).toBe(hint({ prompt: `${beginning}2`, max_tokens: 3 }).key);
    expect(hint({ prompt: 'Once' }).key).not.toBe(hint({ prompt: 'Twice' }).key);
  });

  it('should prefer prompt_cache_key, wherever it stands', () => {
    const keyed = [
      { prompt_cache_key: 'k', prompt: 'a' },
      { messages: [user('b')], prompt_cache_key: 'k' },
    ];
    expect(keyed.map((body) => hint(body).key)).toEqual(['key:k', 'key:k']);
  });

  it('should take linear time', () => {
    for (const piece of ['\\', '"', '{', '[{"role":', '{"role":"user"},', '{"a":'])
      expect(requestHint(`{"messages":[${piece.repeat(200_000)}`).key.length).toBeLessThan(1100);
  });
});

describe('objectOrder', () => {
  const keys = Array.from({ length: 4000 }, (_, index) => `text:"Story ${index}`);

  it('should be the same for the same key, and have every object once', () => {
    expect(objectOrder('a', 7)).toEqual(objectOrder('a', 7));
    expect([...objectOrder('a', 7)].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('should spread homes, and the next objects of each home, evenly', () => {
    const homes = new Map<string, number>();
    for (const key of keys) {
      const [home, next] = objectOrder(key, 4);
      for (const name of [`${home}`, `${home}/${next}`]) homes.set(name, (homes.get(name) ?? 0) + 1);
    }
    for (const [name, count] of homes) expect(count / (name.includes('/') ? 4000 / 12 : 1000), name).toBeCloseTo(1, 0.7);
    expect(homes.size).toBe(16);
  });

  it('should move few keys when an object is added', () => {
    const moved = keys.filter((key) => objectOrder(key, 4)[0] !== objectOrder(key, 5)[0]);
    expect(moved.length / keys.length).toBeCloseTo(1 / 5, 1);
    expect(new Set(moved.map((key) => objectOrder(key, 5)[0]))).toEqual(new Set([4]));
  });
});

describe('regionOf', () => {
  it('should go by the continent', () => {
    const from = (cf?: object) => regionOf(Object.assign(new Request('http://edge/'), { cf }));
    expect(from({ continent: 'EU' })).toEqual({ name: 'eu', locationHint: 'weur' });
    expect(from({ continent: 'T1' })).toEqual({ name: 'local' });
    expect(from({ continent: 'constructor' })).toEqual({ name: 'local' });
    expect(from()).toEqual({ name: 'local' });
  });
});
