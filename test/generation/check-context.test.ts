import { expect, it } from 'vitest';
import { checkContext } from '../../src/generation/check-context.ts';
import { pastModel } from './past-model.ts';

const model = pastModel({}, { contextWindow: 64 });

const complaint = (param: string, message: string) => expect.objectContaining({ code: 'context_length_exceeded', param, message });

it('should accept what fills the window exactly', () => {
  for (const [prompt, max] of [
    [1, 63],
    [64, 0],
    [40, 24],
  ])
    expect(() => checkContext(model, prompt, max)).not.toThrow();
});

it("should say it in OpenAI's words for a prompt, and blame the limit that was sent if the prompt would fit", () => {
  const message =
    "This model's maximum context length is 64 tokens. However, you requested 65 tokens (40 in your prompt; 25 for the completion). Please reduce your prompt; or completion length. (context_length_exceeded)";
  const fields = { prompt: 'prompt', maxTokens: 'max_tokens' } as const;
  expect(() => checkContext(model, 40, 25, fields)).toThrow(complaint('max_tokens', message));
  expect(() => checkContext(model, 40, 25)).toThrow(complaint('prompt', message));
});

it("should say it in OpenAI's words for a chat", () => {
  const fields = { prompt: 'messages', maxTokens: 'max_completion_tokens' } as const;
  expect(() => checkContext(model, 40, 25, fields)).toThrow(
    complaint(
      'max_completion_tokens',
      "This model's maximum context length is 64 tokens. However, you requested 65 tokens (40 in the messages, 25 in the completion). Please reduce the length of the messages or completion. (context_length_exceeded)",
    ),
  );
  expect(() => checkContext(model, 65, 1, fields)).toThrow(
    complaint(
      'messages',
      "This model's maximum context length is 64 tokens. However, your messages resulted in 65 tokens. Please reduce the length of the messages. (context_length_exceeded)",
    ),
  );
});

it('should blame a prompt that leaves no room', () => {
  for (const [prompt, max] of [
    [65, 0],
    [64, 1],
    [100, 10],
  ])
    for (const field of ['prompt', 'messages'] as const)
      expect(() => checkContext(model, prompt, max, { prompt: field, maxTokens: 'max_tokens' })).toThrow(
        expect.objectContaining({ code: 'context_length_exceeded', param: field }),
      );
});
