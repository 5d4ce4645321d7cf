import { describe, expect, it } from 'vitest';
import type { Sequence } from '../../src/core/decoder.ts';
import { GptEdgeError } from '../../src/core/errors.ts';
import { type DecodedToken, type DecodeRequest, decode } from '../../src/generation/decode.ts';
import { scoreToken } from '../../src/generation/sampling/log-probabilities.ts';
import { processLogits } from '../../src/generation/sampling/process-logits.ts';
import { randomAt } from '../../src/generation/sampling/random-at.ts';
import { sample } from '../../src/generation/sampling/sampler.ts';
import { SAMPLING_DEFAULTS, type SamplingOptions } from '../../src/generation/sampling/sampling-options.ts';
import { WorkBudget } from '../../src/generation/work-budget.ts';
import { collect } from './collect.ts';
import { MULTIPLY_ADDS_PER_TURN, PastDecoder } from './past-decoder.ts';
import { pastModel } from './past-model.ts';
import { logitsOf } from './sampling/reference-logits.ts';

const PROMPT = [3, 1, 4, 1, 5];

interface Changes extends Partial<DecodeRequest> {
  choice?: number;
  eosTokenIds?: number[];
  signal?: AbortSignal;
  /** The sequence to decode with, made from the one that holds the prompt. */
  wrap?: (sequence: Sequence) => Sequence;
}

async function* start(decoder: PastDecoder, { choice = 0, eosTokenIds = [], signal, wrap, ...changes }: Changes = {}) {
  const request = { prompt: PROMPT, sampling: { ...SAMPLING_DEFAULTS, seed: 7 }, maxTokens: 10, ...changes };
  const sequence = decoder.createSequence();
  const logits = await sequence.forward(request.prompt);
  const budget = new WorkBudget(MULTIPLY_ADDS_PER_TURN, signal);
  const model = { ...pastModel({ eosTokenIds }), decoder };
  yield* decode(model, wrap?.(sequence) ?? sequence, request, { choice, logits, budget });
}

async function run(changes: Changes = {}, decoder = new PastDecoder(50, 64)): Promise<DecodedToken[]> {
  return collect(start(decoder, changes));
}

const idsOf = (tokens: readonly DecodedToken[]) => tokens.map(({ id }) => id);

/** The same tokens without a KV cache, loop or generator: each from the logits of everything before it. */
function direct(sampling: SamplingOptions, count: number, choice = 0): number[] {
  const decoder = new PastDecoder(50, 64);
  const generated: number[] = [];
  while (generated.length < count) {
    const logits = logitsOf(decoder.logitsAfter([...PROMPT, ...generated]));
    processLogits(logits.values, sampling, PROMPT, generated);
    generated.push(sample(logits, sampling, randomAt(sampling.seed, choice, PROMPT.length + generated.length)));
  }
  return generated;
}

describe('decode', () => {
  it.each<Partial<SamplingOptions>>([
    {},
    { temperature: 0 },
    { temperature: 0.7, topK: 5 },
    { topP: 0.5, minP: 0.1 },
    { temperature: 0, frequencyPenalty: 2, presencePenalty: 1, repetitionPenalty: 1.5 },
    { logitBias: new Map([[9, 3]]) },
  ])('should choose each token from the logits of all before it, with %j', async (options) => {
    const sampling = { ...SAMPLING_DEFAULTS, seed: 7, ...options };
    expect(idsOf(await run({ sampling, maxTokens: 20 }))).toEqual(direct(sampling, 20));
    expect(idsOf(await run({ sampling, maxTokens: 20, choice: 3 }))).toEqual(direct(sampling, 20, 3));
  });

  it('should depend on seed and choice', async () => {
    const texts = await Promise.all([
      run(),
      run({ choice: 1 }),
      run({ sampling: { ...SAMPLING_DEFAULTS, seed: 8 } }),
      run({ sampling: { ...SAMPLING_DEFAULTS, seed: -7 } }),
    ]);
    expect(new Set(texts.map((tokens) => idsOf(tokens).join())).size).toBe(4);
    expect(await run()).toEqual(texts[0]);
  });

  it('should continue a half-done completion as if it had not been cut', async () => {
    const whole = idsOf(await run({ maxTokens: 16 }));
    for (const cut of [1, 7, 15]) {
      const prompt = [...PROMPT, ...whole.slice(0, cut)];
      expect(idsOf(await run({ prompt, maxTokens: 16 - cut }))).toEqual(whole.slice(cut));
    }
  });

  it('should end after an EOS token, any of several', async () => {
    const whole = idsOf(await run({ maxTokens: 10 }));
    const eos = whole[4];
    const tokens = await run({ eosTokenIds: [99, eos] });
    expect(idsOf(tokens)).toEqual(whole.slice(0, whole.indexOf(eos) + 1));
    expect(tokens.map(({ endOfSequence }) => endOfSequence)).toEqual([...tokens.slice(1).map(() => false), true]);
  });

  it('should run the decoder only for tokens that another token follows', async () => {
    const decoder = new PastDecoder(50, 64);
    const ids = idsOf(await run({ maxTokens: 4 }, decoder));
    expect(decoder.calls).toEqual([PROMPT, ...ids.slice(0, 3).map((id) => [id])]);
  });

  it('should give nothing for 0 tokens', async () => {
    expect(await run({ maxTokens: 0 })).toEqual([]);
  });

  it('should score tokens as the model gives them, before temperature, penalties and bias', async () => {
    const sampling = { ...SAMPLING_DEFAULTS, seed: 7, temperature: 0.5, repetitionPenalty: 2, logitBias: new Map([[9, 3]]) };
    const tokens = await run({ sampling, topLogprobs: 3 });
    const decoder = new PastDecoder(50, 64);
    for (const [index, { endOfSequence, ...scored }] of tokens.entries())
      expect(scored).toEqual(scoreToken(logitsOf(decoder.logitsAfter([...PROMPT, ...idsOf(tokens).slice(0, index)])), scored.id, 3));
  });

  it('should report no scores unless asked for, and no alternatives for 0', async () => {
    expect(Object.keys((await run())[0])).toEqual(['id', 'endOfSequence']);
    expect((await run({ topLogprobs: 0 }))[0]).toMatchObject({ logprob: expect.any(Number), top: [] });
  });

  it('should end with the signal’s reason once it is aborted', async () => {
    const decoder = new PastDecoder(50, 64);
    const controller = new AbortController();
    const seen: number[] = [];
    const running = async () => {
      for await (const { id } of start(decoder, { signal: controller.signal })) {
        seen.push(id);
        if (seen.length === 3) controller.abort();
      }
    };
    await expect(running()).rejects.toMatchObject({ name: 'AbortError' });
    expect(seen).toEqual(idsOf(await run({ maxTokens: 3 })));
    expect(decoder.calls.length).toBe(3);
  });

  it('should end early if other sequences leave the KV cache no room', async () => {
    const whole = await run();
    let calls = 0;
    const full = (): Promise<void> => Promise.reject(new GptEdgeError('memory_limit_exceeded', 'no room'));
    const wrap = (sequence: Sequence): Sequence => ({
      ...sequence,
      length: 0,
      forwardEach: (...call) => (++calls > 3 ? full() : sequence.forwardEach(...call)),
    });
    expect(await run({ wrap })).toEqual(whole.slice(0, 4));
  });
});
