import { describe, expect, it } from 'vitest';
import { fromFragment, type SharedState, toFragment } from '../../src/page/state/share-link.ts';

const state: SharedState = {
  mode: 'chat',
  model: 'tinystories-gpt2',
  system: 'Be brief & kind.',
  schema: '',
  questions: [],
  draft: 'a & b = c # d\n“é” 😀',
  turns: [
    { text: 'Tell me.', seed: 7, ids: [0, 35, 36, 4095] },
    { text: '', seed: -3, ids: [] },
  ],
  fields: { temperature: '0.5', stop: 'one\ntwo', seed: '7' },
};

describe('a shared link', () => {
  it('should restore the state that it was made from', () => {
    expect(fromFragment(toFragment(state))).toEqual(state);
  });

  it('should have no system message if it was made before there were any', () => {
    expect(fromFragment(toFragment({ ...state, system: '' }))!.system).toBe('');
    expect(toFragment({ ...state, system: '' })).not.toContain('system');
  });

  it('should leave out fields that are left to the model', () => {
    expect(fromFragment(toFragment({ ...state, fields: { top_p: '', seed: '7' } }))!.fields).toEqual({ seed: '7' });
  });

  it('should be null if the URL has no fragment, or one of another kind', () => {
    expect(fromFragment('')).toBeNull();
    expect(fromFragment('section')).toBeNull();
  });

  it.each([
    ['an unknown mode', 'mode=poem'],
    ['an invalid id', 'mode=chat&text=a&seed=1&ids=1.z-.3'],
    ['an empty id', 'mode=chat&text=a&seed=1&ids=1..3'],
    ['an id of negative zero', 'mode=chat&text=a&seed=1&ids=-0'],
    ['an invalid seed', 'mode=chat&text=a&seed=1e3&ids=1'],
    ['a field that is not a number', 'mode=chat&p.seed=x'],
    ['a turn without its tokens', 'mode=chat&text=a&seed=1'],
    ['more tokens than any context window has', `mode=completion&text=a&seed=1&ids=${'1.'.repeat(2 ** 14)}1`],
    ['too many turns', `mode=chat${'&text=a&seed=1&ids=1'.repeat(257)}`],
  ])('should be refused if it has %s', (_, fragment) => {
    expect(() => fromFragment(fragment)).toThrow(/link/);
  });
});
