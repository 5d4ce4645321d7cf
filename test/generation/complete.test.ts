import { describe, expect, it } from 'vitest';
import { bestChoices } from '../../src/generation/best-choices.ts';
import { complete } from '../../src/generation/complete.ts';
import type { CompletionEvent, PieceEvent } from '../../src/generation/completion-event.ts';
import type { CompletionRequest } from '../../src/generation/completion-request.ts';
import type { LanguageModel } from '../../src/generation/language-model.ts';
import { scoreToken } from '../../src/generation/sampling/log-probabilities.ts';
import { processLogits } from '../../src/generation/sampling/process-logits.ts';
import { randomAt } from '../../src/generation/sampling/random-at.ts';
import { sample } from '../../src/generation/sampling/sampler.ts';
import { SAMPLING_DEFAULTS, type SamplingOptions } from '../../src/generation/sampling/sampling-options.ts';
import { IsolateWork, WorkBudget } from '../../src/generation/work-budget.ts';
import { collect } from './collect.ts';
import { MULTIPLY_ADDS_PER_TURN, PastDecoder } from './past-decoder.ts';
import { completionRequest, pastModel } from './past-model.ts';
import { logitsOf } from './sampling/reference-logits.ts';

const PROMPT = completionRequest().prompt;

const budgetOf = (signal?: AbortSignal) => new WorkBudget(MULTIPLY_ADDS_PER_TURN, signal, new IsolateWork());
const eventsOf = async (model: LanguageModel = pastModel(), ...changes: Partial<CompletionRequest>[]) =>
  collect(await complete(model, (changes.length > 0 ? changes : [{}]).map(completionRequest), budgetOf()));
const isPiece = (event: CompletionEvent): event is PieceEvent => event.type === 'piece';

/** Text, ids and end of one choice. */
function choiceOf(events: readonly CompletionEvent[], choice = 0, prompt = 0) {
  const pieces = events.filter(isPiece).filter((piece) => piece.choice === choice && piece.prompt === prompt);
  return {
    text: pieces.map(({ text }) => text).join(''),
    tokens: pieces.flatMap(({ tokens }) => tokens),
    ids: pieces.flatMap(({ tokens }) => tokens.map(({ id }) => id)),
    finishReason: pieces.at(-1)?.finishReason,
    completionTokens: pieces.at(-1)?.completionTokens,
  };
}

/** The same tokens without a KV cache or a scheduler: each from the logits of everything before it. */
function direct(sampling: SamplingOptions, count: number, choice = 0): number[] {
  const decoder = new PastDecoder();
  const generated: number[] = [];
  while (generated.length < count) {
    const logits = logitsOf(decoder.logitsAfter([...PROMPT, ...generated]));
    processLogits(logits.values, sampling, PROMPT, generated);
    generated.push(sample(logits, sampling, randomAt(sampling.seed, choice, PROMPT.length + generated.length)));
  }
  return generated;
}

describe('complete', () => {
  it.each<Partial<SamplingOptions>>([
    {},
    { temperature: 0 },
    { temperature: 0.7, topK: 5 },
    { topP: 0.5, minP: 0.1 },
    { temperature: 0, frequencyPenalty: 2, presencePenalty: 1, repetitionPenalty: 1.5 },
    { logitBias: new Map([[9, 3]]) },
  ])('should choose each token from the logits of all before it, with %j', async (options) => {
    const sampling = { ...SAMPLING_DEFAULTS, seed: 7, ...options };
    const events = await eventsOf(pastModel(), { sampling, maxTokens: 20, choices: 4 });
    for (let choice = 0; choice < 4; choice++) expect(choiceOf(events, choice).ids).toEqual(direct(sampling, 20, choice));
  });

  it('should give max_tokens tokens and the text they decode to', async () => {
    const model = pastModel();
    const { text, ids, finishReason, completionTokens } = choiceOf(await eventsOf(model));
    expect(ids.length).toBe(12);
    expect(text).toBe(model.tokenizer.decode(ids));
    expect({ finishReason, completionTokens }).toEqual({ finishReason: 'length', completionTokens: 12 });
  });

  it('should run the decoder only for tokens that another token follows', async () => {
    const model = pastModel();
    const { ids } = choiceOf(await eventsOf(model, { maxTokens: 4 }));
    expect(model.decoder.calls).toEqual([PROMPT, ...ids.slice(0, 3).map((id) => [id])]);
  });

  it('should give one empty piece for 0 tokens', async () => {
    expect(await eventsOf(pastModel(), { maxTokens: 0 })).toEqual([
      { type: 'piece', prompt: 0, choice: 0, text: '', tokens: [], finishReason: 'length', completionTokens: 0, totalLogprob: 0 },
    ]);
  });

  it('should share one prefill between the choices, and compute them together', async () => {
    const model = pastModel();
    const events = await eventsOf(model, { choices: 3, maxTokens: 5 });
    expect(model.decoder.batches.map((feeds) => feeds.map(({ length }) => length))).toEqual([[5], ...Array(4).fill([1, 1, 1])]);
    expect(model.decoder.calls[0]).toEqual(PROMPT);
    const texts = [0, 1, 2].map((choice) => choiceOf(events, choice).ids.join());
    expect(new Set(texts).size).toBe(3);
  });

  it('should complete several prompts together, each as if it were alone', async () => {
    const model = pastModel();
    const requests = [{ choices: 2 }, { prompt: [9, 8, 7], choices: 2 }, { prompt: [4], choices: 2 }];
    const events = await eventsOf(model, ...requests);
    expect(model.decoder.batches[1].length).toBe(6);
    for (const [prompt, changes] of requests.entries()) {
      const alone = await eventsOf(pastModel(), changes);
      for (const choice of [0, 1]) expect(choiceOf(events, choice, prompt)).toEqual(choiceOf(alone, choice));
    }
  });

  it('should give a choice the same text however many other choices there are, and another text with another seed', async () => {
    const one = choiceOf(await eventsOf());
    expect(choiceOf(await eventsOf(pastModel(), { choices: 2 }))).toEqual(one);
    for (const seed of [8, -7])
      expect(choiceOf(await eventsOf(pastModel(), { sampling: { ...SAMPLING_DEFAULTS, seed } }))).not.toEqual(one);
  });

  it('should start every choice from the same logits', async () => {
    const sampling = { ...SAMPLING_DEFAULTS, seed: 7, temperature: 0 };
    const events = await eventsOf(pastModel(), { choices: 3, sampling });
    const [first, ...others] = [0, 1, 2].map((choice) => choiceOf(events, choice));
    expect(others).toEqual([first, first]);
  });

  it('should not depend on how the prompt was cut', async () => {
    const prompt = Array.from({ length: 30 }, (_, index) => (index * 7) % 50);
    const model = pastModel({ multiplyAddsPerToken: MULTIPLY_ADDS_PER_TURN / 50 });
    expect(await eventsOf(model, { prompt })).toEqual(await eventsOf(pastModel(), { prompt }));
    // Half a turn, less what reading the weights takes.
    expect(model.decoder.calls.slice(0, 2).map(({ length }) => length)).toEqual([23, 7]);
  });

  it('should give others their turn among many short prompts, which share one budget', async () => {
    const model = pastModel({ multiplyAddsPerToken: MULTIPLY_ADDS_PER_TURN / 20 });
    const budget = budgetOf();
    let turns = 0;
    const others = setInterval(() => turns++, 0);
    for (let prompt = 0; prompt < 40; prompt++) await collect(await complete(model, [completionRequest({ maxTokens: 0 })], budget));
    clearInterval(others);
    // A quarter of a turn each.
    expect(turns).toBeGreaterThanOrEqual(8);
  });

  it('should continue a half-done completion as if it had not been cut', async () => {
    const { ids } = choiceOf(await eventsOf());
    for (const cut of [1, 5, 11])
      expect(choiceOf(await eventsOf(pastModel(), { prompt: [...PROMPT, ...ids.slice(0, cut)], maxTokens: 12 - cut })).ids).toEqual(
        ids.slice(cut),
      );
  });

  it('should end at an EOS token, any of several, which has no text', async () => {
    const { ids } = choiceOf(await eventsOf());
    const end = ids.indexOf(ids[6]);
    const model = pastModel({ eosTokenIds: [99, ids[6]] });
    expect(choiceOf(await eventsOf(model))).toMatchObject({
      text: model.tokenizer.decode(ids.slice(0, end)),
      ids: ids.slice(0, end + 1),
      finishReason: 'stop',
      completionTokens: end + 1,
    });
    expect(model.decoder.calls.length).toBe(1 + end);
  });

  it('should end at a stop string, and compute no token after it', async () => {
    const whole = choiceOf(await eventsOf()).text;
    const stop = whole.slice(4, 6);
    const model = pastModel();
    const { text, finishReason, completionTokens } = choiceOf(await eventsOf(model, { stops: [stop] }));
    expect({ text, finishReason }).toEqual({ text: whole.slice(0, whole.indexOf(stop)), finishReason: 'stop' });
    expect(model.decoder.calls.length).toBe(completionTokens);
  });

  it('should score tokens as the model gives them, before temperature, penalties and bias', async () => {
    const sampling = { ...SAMPLING_DEFAULTS, seed: 7, temperature: 0.5, repetitionPenalty: 2, logitBias: new Map([[9, 3]]) };
    const { tokens, ids } = choiceOf(await eventsOf(pastModel(), { sampling, topLogprobs: 3 }));
    const decoder = new PastDecoder();
    for (const [index, { id, logprob, top }] of tokens.entries())
      expect(scoreToken(logitsOf(decoder.logitsAfter([...PROMPT, ...ids.slice(0, index)])), id, 3)).toMatchObject({ id, logprob, top });
  });

  it('should report no scores unless asked for, and no alternatives for 0', async () => {
    expect(Object.keys(choiceOf(await eventsOf()).tokens[0])).toEqual(['id', 'endOfSequence', 'offset']);
    expect(choiceOf(await eventsOf(pastModel(), { topLogprobs: 0 })).tokens[0]).toMatchObject({ logprob: expect.any(Number), top: [] });
  });

  it('should score each prompt token by the logits before it, and the first not at all', async () => {
    const prompt = Array.from({ length: 20 }, (_, index) => (index * 3) % 50);
    for (const multiplyAddsPerToken of [1, MULTIPLY_ADDS_PER_TURN / 2]) {
      const model = pastModel({ multiplyAddsPerToken });
      const [first] = await eventsOf(model, { prompt, promptLogprobs: 2, maxTokens: 0 });
      const expected = prompt
        .slice(1)
        .map((id, index) => scoreToken(logitsOf(model.decoder.logitsAfter(prompt.slice(0, index + 1))), id, 2));
      expect(first).toEqual({ type: 'prompt', prompt: 0, tokens: [null, ...expected] });
    }
  });

  it('should compute and score what prompts begin with once', async () => {
    const question = Array.from({ length: 20 }, (_, index) => (index * 3) % 50);
    const answers = [[7, 8], [9], [7, 1, 2]].map((answer) => ({ prompt: [...question, ...answer], promptLogprobs: 1, maxTokens: 0 }));
    const model = pastModel({ multiplyAddsPerToken: MULTIPLY_ADDS_PER_TURN / 200 });
    const events = await eventsOf(model, ...answers);
    for (const [prompt, answer] of answers.entries())
      expect(events.find((event) => event.type === 'prompt' && event.prompt === prompt)).toEqual({
        ...(await eventsOf(pastModel(), answer))[0],
        prompt,
      });
    // The first has all its rows read; the others only those of their answers.
    expect(model.decoder.rows.flat().reduce((sum, rows) => sum + rows, 0)).toBe(22 + 2 + 3);
    const again = model.decoder.rows.length;
    await eventsOf(model, answers[0]);
    expect(model.decoder.rows.slice(again).flat()).toEqual([1]);
  });

  it('should keep the completions that are the most probable per token, the best first', async () => {
    const request = { choices: 5, topLogprobs: 0, maxTokens: 9 };
    const all = await eventsOf(pastModel(), request);
    const means = [0, 1, 2, 3, 4].map((choice) => {
      const { tokens } = choiceOf(all, choice);
      return tokens.reduce((sum, { logprob = 0 }) => sum + logprob, 0) / tokens.length;
    });
    const best = [0, 1, 2, 3, 4].sort((a, b) => means[b] - means[a]);
    const requests = [completionRequest({ ...request, kept: 2 })];
    const kept = await collect(bestChoices(await complete(pastModel(), requests, budgetOf()), requests));
    expect(kept).toHaveLength(2);
    for (const place of [0, 1]) expect(choiceOf(kept, place)).toEqual(choiceOf(all, best[place]));
  });

  it('should end a completion at a token that the request names', async () => {
    const { ids } = choiceOf(await eventsOf());
    const ended = choiceOf(await eventsOf(pastModel(), { endTokenIds: [ids[3]] }));
    expect(ended).toMatchObject({ finishReason: 'stop', ids: ids.slice(0, ids.indexOf(ids[3]) + 1) });
  });

  it('should give the same completion with and without prompt scores', async () => {
    const scored = await eventsOf(pastModel(), { promptLogprobs: 0 });
    expect(scored.slice(1)).toEqual(await eventsOf());
  });

  it('should refuse what does not fit the window before it computes anything', async () => {
    const model = pastModel({}, { contextWindow: 16 });
    await expect(eventsOf(model)).rejects.toMatchObject({ code: 'context_length_exceeded', message: expect.stringMatching(/16.*17/) });
    expect(model.decoder.calls).toEqual([]);
    expect(choiceOf(await eventsOf(model, { maxTokens: 11 })).completionTokens).toBe(11);
  });
});
