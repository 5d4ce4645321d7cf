import { describe, expect, it } from 'vitest';
import { type ChoicePast, choicePosition } from '../../src/generation/choice-past.ts';
import { complete } from '../../src/generation/complete.ts';
import type { CompletionEvent, PieceEvent } from '../../src/generation/completion-event.ts';
import type { CompletionRequest } from '../../src/generation/completion-request.ts';
import type { LanguageModel } from '../../src/generation/language-model.ts';
import { SAMPLING_DEFAULTS } from '../../src/generation/sampling/sampling-options.ts';
import { Scheduler } from '../../src/generation/scheduler/scheduler.ts';
import { IsolateWork, WorkBudget } from '../../src/generation/work-budget.ts';
import { DEFAULT_MODEL } from '../../src/local/project-paths.ts';
import { LONG_RUN } from '../long-run.ts';
import { collect } from './collect.ts';
import { completionRequest, pastModel } from './past-model.ts';
import { realModel } from './scheduler/real-model.ts';
import { SeededRandom } from './seeded-random.ts';

const SCHEDULES = LONG_RUN ? 400 : 30;
const CALLERS = 8;

/** The same model in another isolate: nothing is left of earlier requests but what the decoder has cached. */
const inFreshIsolate = (model: LanguageModel): LanguageModel => ({ ...model, scheduler: new Scheduler(model) });

const budgetOf = (model: LanguageModel, isolate: IsolateWork, signal?: AbortSignal) =>
  new WorkBudget(model.decoder.multiplyAddsPerTurn, signal, isolate);

/** What a reader of all these events has of each choice. */
function answerOf(events: readonly CompletionEvent[]) {
  const scores = events.flatMap((event) => (event.type === 'prompt' ? [{ prompt: event.prompt, tokens: event.tokens }] : []));
  const answers: Record<string, Omit<PieceEvent, 'type' | 'prompt' | 'choice'>> = {};
  for (const event of events) {
    if (event.type === 'prompt') continue;
    const { type: _, prompt, choice, ...piece } = event;
    const before = answers[`${prompt}/${choice}`];
    answers[`${prompt}/${choice}`] = {
      ...piece,
      text: (before?.text ?? '') + piece.text,
      tokens: [...(before?.tokens ?? []), ...piece.tokens],
    };
  }
  return { scores: Object.fromEntries(scores.map(({ prompt, tokens }) => [prompt, tokens])), answers };
}

/** What is known behind some events: the tokens whose text they have, or fewer of them. */
function pastAfter(events: readonly CompletionEvent[], random: SeededRandom): ChoicePast[] {
  const past = new Map<string, ChoicePast>();
  const forgets = random.next() < 0.2;
  for (const event of events) {
    if (event.type === 'prompt') continue;
    const { prompt, choice, tokens, completionTokens, finishReason } = event;
    const before = past.get(`${prompt}/${choice}`)?.tokens ?? [];
    const position = choicePosition(completionTokens, finishReason ? 'end' : 'text');
    past.set(`${prompt}/${choice}`, {
      prompt,
      choice,
      tokens: [...before, ...tokens.map(({ id, logprob, top }) => ({ id, logprob, top }))],
      position,
    });
  }
  return [...past.values()].map((choice) =>
    forgets ? { ...choice, tokens: choice.tokens.slice(0, random.integer(choice.tokens.length + 1)) } : choice,
  );
}

/** Cuts a completion behind its first events, and goes on in another isolate that is busy with eight callers. */
async function expectSameBehind(
  model: LanguageModel,
  requests: CompletionRequest[],
  cut: number,
  joinsPieces: boolean,
  random: SeededRandom,
) {
  const first = inFreshIsolate(model);
  const before: CompletionEvent[] = [];
  const reader = await complete(first, requests, budgetOf(first, new IsolateWork()), { joinsPieces });
  while (before.length < cut) {
    const { value, done } = await reader.next();
    if (done) break;
    before.push(value!);
  }
  await reader.return!();
  const second = inFreshIsolate(model);
  const isolate = new IsolateWork();
  const stop = new AbortController();
  const others = Array.from({ length: CALLERS }, async (_, index) => {
    const other = completionRequest({ prompt: [index + 1, 2, 3, 4], maxTokens: 20, sampling: { ...SAMPLING_DEFAULTS, seed: index } });
    await collect(await complete(second, [other], budgetOf(second, isolate, stop.signal)));
  });
  const past = { choices: pastAfter(before, random), figures: {} };
  const rest = await collect(await complete(second, requests, budgetOf(second, isolate), { past, joinsPieces }));
  stop.abort();
  await Promise.allSettled(others);
  expect(second.scheduler.isBusy).toBe(false);
  return { before, after: answerOf([...before, ...rest]), isWhole: before.length < cut };
}

/** Cuts a completion behind each of its events. */
async function expectSameBehindEach(
  model: LanguageModel,
  requests: CompletionRequest[],
  joinsPieces: boolean,
  random: SeededRandom,
  stride = 1,
) {
  const alone = inFreshIsolate(model);
  const whole = answerOf(await collect(await complete(alone, requests, budgetOf(alone, new IsolateWork()), { joinsPieces })));
  for (let cut = 0; ; cut += stride) {
    const { after, isWhole } = await expectSameBehind(model, requests, cut, joinsPieces, random);
    expect(after, `cut behind event ${cut}`).toEqual(whole);
    if (isWhole) return cut;
  }
}

function randomRequests(random: SeededRandom, model: LanguageModel): CompletionRequest[] {
  const topLogprobs = random.next() < 0.4 ? random.integer(3) : undefined;
  const shared = {
    maxTokens: random.integer(16),
    choices: random.next() < 0.4 ? 1 + random.integer(3) : 1,
    stops: random.next() < 0.5 ? [random.pick(['!', '"$', "%&'", '()*+', '#"'])] : [],
    topLogprobs,
    promptLogprobs: topLogprobs !== undefined && random.next() < 0.5 ? topLogprobs : undefined,
    sampling: {
      ...SAMPLING_DEFAULTS,
      seed: random.integer(1000),
      temperature: random.pick([0, 0.7, 1]),
      repetitionPenalty: random.pick([1, 1.3]),
      frequencyPenalty: random.pick([0, 0.5]),
      presencePenalty: random.pick([0, 0.5]),
    },
    constraint: random.next() < 0.3 ? model.constraints.pattern(random.pick(['[!-+]{0,9}', '("[!#-)]{3,5}")+', '!*'])) : undefined,
  };
  return random.list(random.next() < 0.2 ? 2 : 1, () =>
    completionRequest({ ...shared, prompt: random.list(1 + random.integer(12), () => random.integer(48)) }),
  );
}

describe('a completion that goes on in another isolate', () => {
  it('should have the text of an uncut one, wherever it is cut, whatever it is', async () => {
    for (let seed = 0; seed < SCHEDULES; seed++) {
      const random = new SeededRandom(seed);
      const model = pastModel({ eosTokenIds: [7] }, { blockPositions: 4, totalBlocks: random.pick([60, 400]) });
      await model.constraints.prepare();
      await expectSameBehindEach(model, randomRequests(random, model), seed % 2 === 0, random);
      expect(model.decoder.openSequences).toBe(0);
    }
  });

  it('should have it with the default model and what it has in its cache', async () => {
    const model = await realModel(DEFAULT_MODEL, { engine: 'edge', cacheFormat: 'f32' }, 0);
    await model.constraints.prepare();
    const prompt = model.tokenizer.encode('Once upon a time, there was a little girl named');
    const changes: Partial<CompletionRequest>[] = [
      { stops: [' friend', 'end.'] },
      { choices: 3, topLogprobs: 2, promptLogprobs: 2 },
      { sampling: { ...SAMPLING_DEFAULTS, seed: 3, frequencyPenalty: 1, presencePenalty: 1, repetitionPenalty: 1.2 } },
      { constraint: model.constraints.jsonSchema({ type: 'object', properties: { name: { type: 'string' } }, required: ['name'] }) },
    ];
    for (const [index, change] of changes.entries()) {
      const request = completionRequest({ prompt, maxTokens: 24, ...change });
      const events = await expectSameBehindEach(model, [request], true, new SeededRandom(index), SCHEDULES > 30 ? 1 : 5);
      expect(events).toBeGreaterThan(10);
    }
  });

  it('should say only why it has ended to a reader who has all of its text', async () => {
    const model = pastModel();
    const request = completionRequest({ maxTokens: 3 });
    const [whole] = Object.values(answerOf(await collect(await complete(model, [request], budgetOf(model, new IsolateWork())))).answers);
    const resume = (position: number) =>
      complete(model, [request], budgetOf(model, new IsolateWork()), {
        past: { choices: [{ prompt: 0, choice: 0, tokens: whole.tokens, position }], figures: {} },
      });
    expect(await collect(await resume(choicePosition(3, 'whole text')))).toMatchObject([
      { type: 'piece', prompt: 0, choice: 0, text: '', tokens: [], finishReason: 'length', completionTokens: 3 },
    ]);
    expect(await collect(await resume(choicePosition(3, 'end')))).toEqual([]);
  });

  it('should not compute again what is known, beyond reading it once', async () => {
    const model = pastModel();
    const request = completionRequest({ maxTokens: 12 });
    const events = await collect(await complete(model, [request], budgetOf(model, new IsolateWork()), { joinsPieces: false }));
    model.decoder.batches.length = 0;
    const past = { choices: pastAfter(events.slice(0, 8), new SeededRandom(1)), figures: {} };
    expect(past.choices[0].tokens).toHaveLength(8);
    await collect(await complete(model, [request], budgetOf(model, new IsolateWork()), { past }));
    expect(model.decoder.batches.flat().map(({ length }) => length)).toEqual([13, 1, 1, 1]);
  });
});
