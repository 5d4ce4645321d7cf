import { describe, expect, it } from 'vitest';
import { AnswerNotes, joinNotes, toCompletionPast } from '../../src/api/openai/answer-notes.ts';
import { CHOICE_BEGINNING, choicePosition } from '../../src/generation/choice-past.ts';

const HEAD = { id: 'cmpl-1', created: 1, seed: 7, fingerprint: 'fp' };
const scored = (id: number) => ({ id, logprob: -id, top: [] });

describe('AnswerNotes', () => {
  it('should say, all together, what a stream has got, and only that', () => {
    const notes = new AnswerNotes();
    notes.begin(HEAD, { isStreamed: true });
    notes.addTokens(0, [scored(1), scored(2)]);
    notes.reach(0, choicePosition(3, 'text'));
    const first = notes.take();
    // Nobody has sent these, and so nobody may believe that the client has them.
    notes.holdTokens(0, [scored(3)]);
    notes.addTokens(2, [scored(9)]);
    notes.reach(2, choicePosition(1, 'end'));
    expect(notes.takeAside()).toEqual({ figures: {}, slices: 1 });
    notes.addTokens(0, [scored(4)]);
    notes.reach(0, choicePosition(4, 'text'));
    const past = joinNotes([first, notes.take()])!;
    expect(past.head).toEqual(HEAD);
    // All events come again, and those that the client has are told by their positions.
    expect(toCompletionPast(past, 2).choices).toEqual([
      { prompt: 0, choice: 0, tokens: [{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }], position: CHOICE_BEGINNING },
      { prompt: 0, choice: 1, tokens: [], position: CHOICE_BEGINNING },
      { prompt: 1, choice: 0, tokens: [{ id: 9 }], position: CHOICE_BEGINNING },
    ]);
    const next = new AnswerNotes(past);
    const has = (choice: number, position: number) => next.has(choice, position);
    expect([
      has(0, choicePosition(4, 'text')),
      has(0, choicePosition(4, 'text', 1)),
      has(1, choicePosition(0, 'text')),
      has(2, choicePosition(1, 'end')),
    ]).toEqual([true, false, false, true]);
  });

  it('should have each token of a whole answer once, with its score, however often it goes on', () => {
    const first = new AnswerNotes();
    first.begin(HEAD, { isStreamed: false });
    first.addTokens(0, [scored(1), scored(2)]);
    const notes = [first.takeAside()];
    const second = new AnswerNotes(joinNotes(notes));
    second.begin(HEAD, { isStreamed: false });
    second.addTokens(0, [scored(1)]);
    second.addTokens(0, [scored(2), scored(3)]);
    notes.push(second.takeAside());
    expect(joinNotes(notes)!.tokens).toEqual([[scored(1), scored(2), scored(3)]]);
    expect(joinNotes(notes)!.slices).toBe(2);
  });

  it('should be nothing before the answer has begun', () => {
    expect(joinNotes([new AnswerNotes().takeAside()])).toBeUndefined();
  });
});
