import { describe, expect, it } from 'vitest';
import { fromFragment, type SharedState, toFragment } from '../../src/page/state/share-link.ts';

const state: SharedState = {
  mode: 'chat',
  model: 'tinystories-gpt2',
  draft: 'a & b = c # d\n“é” 😀',
  turns: [
    { text: 'Tell me.', seed: 7, ids: [0, 35, 36, 4095] },
    { text: '', seed: -3, ids: [] },
  ],
  fields: { temperature: '0.5', stop: 'one\ntwo', seed: '7' },
};

describe('a link', () => {
  it('should bring back what it was made of', () => {
    expect(fromFragment(toFragment(state))).toEqual(state);
  });

  it('should leave out what is left to the model', () => {
    expect(fromFragment(toFragment({ ...state, fields: { top_p: '', seed: '7' } }))!.fields).toEqual({ seed: '7' });
  });

  it('should be none where the address has no fragment, or one of something else', () => {
    expect(fromFragment('')).toBeNull();
    expect(fromFragment('section')).toBeNull();
  });

  it.each([
    ['an unknown mode', 'mode=poem'],
    ['an id that is none', 'mode=chat&text=a&seed=1&ids=1.z-.3'],
    ['an id that is empty', 'mode=chat&text=a&seed=1&ids=1..3'],
    ['an id that is negative zero', 'mode=chat&text=a&seed=1&ids=-0'],
    ['a seed that is none', 'mode=chat&text=a&seed=1e3&ids=1'],
    ['a field that is no number', 'mode=chat&p.seed=x'],
    ['a turn without its tokens', 'mode=chat&text=a&seed=1'],
    ['more tokens than any window has', `mode=completion&text=a&seed=1&ids=${'1.'.repeat(2 ** 14)}1`],
    ['more turns than anyone speaks', `mode=chat${'&text=a&seed=1&ids=1'.repeat(257)}`],
  ])('should be refused with %s', (_, fragment) => {
    expect(() => fromFragment(fragment)).toThrow(/link/);
  });
});
