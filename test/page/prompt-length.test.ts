import { describe, expect, it } from 'vitest';
import type { WireModel } from '../../src/api/openai/schemas/model-schema.ts';
import { newTurn } from '../../src/page/state/conversation.ts';
import { INITIAL_STATE, type PlaygroundState } from '../../src/page/state/playground-state.ts';
import { lengthWarning } from '../../src/page/state/prompt-length.ts';

const parameters = [{ name: 'max_tokens', label: '', description: '', min: 0, max: 2 ** 20, isWhole: true }];

function state(draftTokens: number | null, maxTokens = '', change: Partial<PlaygroundState> = {}): PlaygroundState {
  const models = [{ id: 'm', context_window: 100 } as WireModel];
  return { ...INITIAL_STATE, models, modelId: 'm', parameters, fields: { max_tokens: maxTokens }, draftTokens, ...change };
}

describe('a prompt that is too long', () => {
  it.each([
    [50, '', null],
    [
      51,
      '',
      /holds 100 tokens, and this would be 51 tokens and an answer of up to 50\. Shorten the text, or set a length of at most 49\.$/,
    ],
    [51, '49', null],
    [1, '100', /this would be 1 token and an answer of up to 100/],
    [100, '', /up to 50\. Shorten the text\.$/],
    [100, '0', null],
    [101, '0', /Shorten the text\.$/],
    [51, 'many', /an answer of up to 50/],
    [null, '100', null],
  ])('should be said of %s tokens with the length %j', (count, length, expected) => {
    const warning = lengthWarning(state(count, length));
    if (expected === null) expect(warning).toBeNull();
    else expect(warning).toMatch(expected);
  });

  it('should count the earlier turns of a chat, and say nothing while nothing is typed', () => {
    const turn = { ...newTurn('Hi', 1), promptIds: Array(30).fill(1) };
    turn.branches = [{ tokens: Array(25).fill({ id: 2, label: 'a', logprob: 0 }), calls: [], finish: 'stop', chosenAt: [] }];
    const chat = (draft: string) =>
      state(5, '', { mode: 'chat', conversations: { ...INITIAL_STATE.conversations, chat: { draft, turns: [turn] } } });
    expect(lengthWarning(chat('more'))).toMatch(/this would be 60 tokens .* Clear the conversation, or set a shorter length\.$/);
    expect(lengthWarning(chat(' '))).toBeNull();
  });
});
