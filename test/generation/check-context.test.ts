import { expect, it } from 'vitest';
import { checkContext } from '../../src/generation/check-context.ts';
import { pastModel } from './past-model.ts';

const model = pastModel({}, { contextWindow: 64 });

it('should accept what fills the window exactly', () => {
  for (const [prompt, max] of [
    [1, 63],
    [64, 0],
    [40, 24],
  ])
    expect(() => checkContext(model, prompt, max)).not.toThrow();
});

it('should name window, prompt and completion, and blame the completion if the prompt would fit', () => {
  expect(() => checkContext(model, 40, 25)).toThrow(
    expect.objectContaining({
      code: 'context_length_exceeded',
      param: 'max_tokens',
      message: 'The context window of past is 64 tokens; 65 were requested (40 in the prompt, 25 for the completion).',
    }),
  );
});

it('should blame a prompt that leaves no room', () => {
  for (const [prompt, max] of [
    [65, 0],
    [64, 1],
    [100, 10],
  ])
    expect(() => checkContext(model, prompt, max)).toThrow(expect.objectContaining({ code: 'context_length_exceeded', param: 'prompt' }));
});
