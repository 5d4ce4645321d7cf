import { describe, expect, it } from 'vitest';
import { type CompletionEvent, complete } from '../../src/generation/complete.ts';
import type { CompletionRequest } from '../../src/generation/completion-request.ts';
import { scoreToken } from '../../src/generation/sampling/log-probabilities.ts';
import { SAMPLING_DEFAULTS } from '../../src/generation/sampling/sampling-options.ts';
import { collect } from './collect.ts';
import { MULTIPLY_ADDS_PER_TURN } from './past-decoder.ts';
import { completionRequest, pastModel } from './past-model.ts';
import { logitsOf } from './sampling/reference-logits.ts';

type Piece = Extract<CompletionEvent, { type: 'piece' }>;

const eventsOf = (model = pastModel(), changes: Partial<CompletionRequest> = {}) => collect(complete(model, completionRequest(changes)));
const isPiece = (event: CompletionEvent): event is Piece => event.type === 'piece';

/** Text, ids and end of one choice. */
function choiceOf(events: readonly CompletionEvent[], choice: number) {
  const pieces = events.filter(isPiece).filter((piece) => piece.choice === choice);
  return {
    text: pieces.map(({ text }) => text).join(''),
    ids: pieces.flatMap(({ tokens }) => tokens.map(({ id }) => id)),
    finishReason: pieces.at(-1)?.finishReason,
    completionTokens: pieces.at(-1)?.completionTokens,
  };
}

describe('complete', () => {
  it('should give max_tokens tokens and the text they decode to', async () => {
    const model = pastModel();
    const { text, ids, finishReason, completionTokens } = choiceOf(await eventsOf(model), 0);
    expect(ids.length).toBe(12);
    expect(text).toBe(model.tokenizer.decode(ids));
    expect({ finishReason, completionTokens }).toEqual({ finishReason: 'length', completionTokens: 12 });
  });

  it('should give one empty piece for 0 tokens', async () => {
    expect(await eventsOf(pastModel(), { maxTokens: 0 })).toEqual([
      { type: 'piece', choice: 0, text: '', tokens: [], finishReason: 'length', completionTokens: 0 },
    ]);
  });

  it('should share one prefill between the choices, which differ and come in turn', async () => {
    const model = pastModel();
    const events = await eventsOf(model, { choices: 3, maxTokens: 5 });
    expect(model.decoder.calls.filter((tokens) => tokens.length > 1)).toEqual([[3, 1, 4, 1, 5]]);
    expect(model.decoder.calls.length).toBe(1 + 3 * 4);
    const choices = events.filter(isPiece).map(({ choice }) => choice);
    expect(choices).toEqual([...choices].sort());
    const texts = [0, 1, 2].map((choice) => choiceOf(events, choice).ids.join());
    expect(new Set(texts).size).toBe(3);
  });

  it('should give a choice the same text with more or fewer beside it, and another with another seed', async () => {
    const one = choiceOf(await eventsOf(), 0);
    expect(choiceOf(await eventsOf(pastModel(), { choices: 2 }), 0)).toEqual(one);
    expect(choiceOf(await eventsOf(pastModel(), { sampling: { ...SAMPLING_DEFAULTS, seed: 8 } }), 0)).not.toEqual(one);
  });

  it('should start every choice from the same logits', async () => {
    const sampling = { ...SAMPLING_DEFAULTS, seed: 7, temperature: 0 };
    const events = await eventsOf(pastModel(), { choices: 3, sampling });
    const [first, ...others] = [0, 1, 2].map((choice) => choiceOf(events, choice));
    expect(others).toEqual([first, first]);
  });

  it('should not depend on how the prompt was sliced', async () => {
    const model = pastModel({ multiplyAddsPerToken: MULTIPLY_ADDS_PER_TURN / 2 });
    expect(await eventsOf(model)).toEqual(await eventsOf());
    expect(model.decoder.calls.slice(0, 3)).toEqual([[3, 1], [4, 1], [5]]);
  });

  it('should continue a half-done completion as if it had not been cut', async () => {
    const { ids } = choiceOf(await eventsOf(), 0);
    const prompt = [...completionRequest().prompt, ...ids.slice(0, 5)];
    expect(choiceOf(await eventsOf(pastModel(), { prompt, maxTokens: 7 }), 0).ids).toEqual(ids.slice(5));
  });

  it('should end at an EOS token, which has no text', async () => {
    const { ids } = choiceOf(await eventsOf(), 0);
    const end = ids.indexOf(ids[6]);
    const model = pastModel({ eosTokenIds: [ids[6]] });
    expect(choiceOf(await eventsOf(model), 0)).toEqual({
      text: model.tokenizer.decode(ids.slice(0, end)),
      ids: ids.slice(0, end + 1),
      finishReason: 'stop',
      completionTokens: end + 1,
    });
  });

  it('should end at a stop string', async () => {
    const whole = choiceOf(await eventsOf(), 0).text;
    const stop = whole.slice(4, 6);
    const { text, finishReason } = choiceOf(await eventsOf(pastModel(), { stops: [stop] }), 0);
    expect({ text, finishReason }).toEqual({ text: whole.slice(0, whole.indexOf(stop)), finishReason: 'stop' });
  });

  it('should give several completions at once what each gives alone', async () => {
    const model = pastModel({ multiplyAddsPerToken: MULTIPLY_ADDS_PER_TURN / 2 });
    const requests = [2, 3, 5, 8].map((length) => ({
      prompt: Array.from({ length }, (_, index) => index + length),
      scorePrompt: length > 3,
    }));
    const together = await Promise.all(requests.map((changes) => eventsOf(model, changes)));
    for (const [index, changes] of requests.entries()) expect(together[index]).toEqual(await eventsOf(pastModel(), changes));
  });

  it('should score each prompt token by the logits before it, and the first not at all', async () => {
    for (const multiplyAddsPerToken of [1, MULTIPLY_ADDS_PER_TURN / 2]) {
      const model = pastModel({ multiplyAddsPerToken });
      const { prompt } = completionRequest();
      const [first] = await eventsOf(model, { scorePrompt: true, topLogprobs: 2, maxTokens: 0 });
      const expected = prompt
        .slice(1)
        .map((id, index) => scoreToken(logitsOf(model.decoder.logitsAfter(prompt.slice(0, index + 1))), id, 2));
      expect(first).toEqual({ type: 'prompt', tokens: [null, ...expected] });
    }
  });

  it('should give the same completion with and without prompt scores', async () => {
    const scored = await eventsOf(pastModel(), { scorePrompt: true });
    expect(scored.slice(1)).toEqual(await eventsOf());
  });

  it('should refuse what does not fit the window before it computes anything', async () => {
    const model = pastModel({}, { contextWindow: 16 });
    await expect(eventsOf(model)).rejects.toMatchObject({ code: 'context_length_exceeded', message: expect.stringMatching(/16.*17/) });
    expect(model.decoder.calls).toEqual([]);
    expect(choiceOf(await eventsOf(model, { maxTokens: 11 }), 0).completionTokens).toBe(11);
  });
});

describe('sequences', () => {
  it('should be disposed at the end', async () => {
    const model = pastModel();
    await eventsOf(model, { choices: 3 });
    expect(model.decoder.openSequences).toBe(0);
  });

  it('should be disposed when the reader leaves early', async () => {
    const model = pastModel();
    for await (const _ of complete(model, completionRequest({ choices: 2 }))) break;
    expect(model.decoder.openSequences).toBe(0);
  });

  it('should be disposed, and nothing more computed, after an abort in the middle of the prompt', async () => {
    const model = pastModel({ multiplyAddsPerToken: MULTIPLY_ADDS_PER_TURN });
    const controller = new AbortController();
    const prompt = Array.from({ length: 30 }, (_, index) => index);
    const running = collect(complete(model, completionRequest({ prompt }), controller.signal));
    while (model.decoder.calls.length < 3) await new Promise((resolve) => setTimeout(resolve, 0));
    controller.abort();
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    expect(model.decoder.calls.length).toBeLessThan(30);
    expect(model.decoder.openSequences).toBe(0);
  });

  it('should be disposed, and nothing more computed, after an abort in the middle of a choice', async () => {
    const model = pastModel();
    const controller = new AbortController();
    const seen: Piece[] = [];
    const running = async () => {
      for await (const event of complete(model, completionRequest({ choices: 2, maxTokens: 8 }), controller.signal)) {
        if (isPiece(event)) seen.push(event);
        if (isPiece(event) && event.choice === 1 && event.completionTokens === 2) controller.abort();
      }
    };
    await expect(running()).rejects.toMatchObject({ name: 'AbortError' });
    expect(seen.at(-1)).toMatchObject({ choice: 1, completionTokens: 2 });
    // The prompt, 7 tokens of the first choice, 1 of the second.
    expect(model.decoder.calls.length).toBe(9);
    expect(model.decoder.openSequences).toBe(0);
  });
});
