import { expect } from 'vitest';
import type { Decoder, Feed } from '../../../src/core/decoder.ts';
import type { TokenConstraint } from '../../../src/core/token-constraint.ts';
import { complete } from '../../../src/generation/complete.ts';
import type { CompletionEvent } from '../../../src/generation/completion-event.ts';
import type { CompletionRequest } from '../../../src/generation/completion-request.ts';
import type { LanguageModel } from '../../../src/generation/language-model.ts';
import { SAMPLING_DEFAULTS } from '../../../src/generation/sampling/sampling-options.ts';
import { Scheduler, type SchedulerOptions } from '../../../src/generation/scheduler/scheduler.ts';
import { IsolateWork, WorkBudget } from '../../../src/generation/work-budget.ts';
import { completionRequest } from '../past-model.ts';
import type { SeededRandom } from '../seeded-random.ts';

/** What becomes of a caller. */
type Manner = 'reads' | 'reads slowly' | 'leaves' | 'aborts' | 'never reads';

interface Caller {
  readonly requests: readonly CompletionRequest[];
  readonly manner: Manner;
  /** Whether nobody waits for the answer. */
  readonly isOffline: boolean;
  /** Event-loop turns before it calls. */
  readonly delay: number;
}

export interface ScheduleOptions extends SchedulerOptions {
  callers: number;
  /** The longest prompt, and the most tokens of a completion. */
  longestPrompt: number;
  mostTokens: number;
}

const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

/** The answer to one prompt by choice: text, ids, scores and end. Pieces may be cut differently. */
function answerOf(events: readonly CompletionEvent[], prompt: number) {
  const answers: Record<number, { text: string; tokens: unknown[]; finishReason?: string; completionTokens: number }> = {};
  const own = events.filter((event) => event.prompt === prompt);
  const scores = own.flatMap((event) => (event.type === 'prompt' ? [event.tokens] : []));
  for (const event of own) {
    if (event.type === 'prompt') continue;
    const before = answers[event.choice] ?? { text: '', tokens: [] };
    answers[event.choice] = {
      text: before.text + event.text,
      tokens: [...before.tokens, ...event.tokens],
      finishReason: event.finishReason,
      completionTokens: event.completionTokens,
    };
  }
  return { scores, answers };
}

/** Answers of which much is certain, by the names of properties, and answers of which nothing is. */
function constraintsOf({ constraints }: LanguageModel): TokenConstraint[] {
  const schema = {
    type: 'object',
    properties: { description: { enum: ['a', 'abcdef', 'xyz'] }, temperature: { type: 'integer' }, is_available: { type: 'boolean' } },
    required: ['description', 'temperature', 'is_available'],
    additionalProperties: false,
  };
  const all = [
    constraints.jsonSchema(schema, { isOrdered: true }),
    constraints.jsonSchema(schema),
    constraints.pattern('(?:one word|[a-z ]+)'),
    constraints.pattern('(?:!!"#%|"%%%&&#|[#-&]){0,20}'),
  ];
  // Small vocabularies lack most characters.
  return all.filter((constraint) => !constraint.start().isStuck);
}

/** A caller whose prompts often begin as others' do, and sometimes as each other. */
function randomCaller(random: SeededRandom, model: LanguageModel, { longestPrompt, mostTokens }: ScheduleOptions): Caller {
  const { vocabularySize } = model.decoder;
  const shared = Array.from({ length: longestPrompt }, (_, index) => (index * 31 + random.integer(3) * 7) % vocabularySize);
  const own = random.list(1 + random.integer(longestPrompt >> 1), () => random.integer(vocabularySize));
  const prompt = [...shared.slice(0, random.integer(longestPrompt - own.length + 1)), ...own];
  const topLogprobs = random.next() < 0.2 ? 2 : undefined;
  const sampling = {
    ...SAMPLING_DEFAULTS,
    seed: random.integer(1000),
    temperature: random.pick([0, 0.7, 1]),
    topK: random.pick([0, 5]),
    repetitionPenalty: random.pick([1, 1, 1.3]),
    frequencyPenalty: random.pick([0, 0, 0.5]),
  };
  const request = completionRequest({
    prompt,
    maxTokens: random.integer(mostTokens + 1),
    choices: random.next() < 0.3 ? 1 + random.integer(4) : 1,
    sampling,
    topLogprobs,
    promptLogprobs: topLogprobs !== undefined && random.next() < 0.5 ? topLogprobs : undefined,
    partition: random.pick(['', '', 'a']),
    constraint: random.next() < 0.5 ? random.pick(constraintsOf(model)) : undefined,
  });
  const manner = random.pick<Manner>(['reads', 'reads', 'reads', 'reads slowly', 'leaves', 'aborts', 'never reads']);
  const more = random.next() < 0.3 ? 1 + random.integer(4) : 0;
  const alike = () => ({ ...request, prompt: [...prompt.slice(0, random.integer(prompt.length + 1)), random.integer(vocabularySize)] });
  return { requests: [request, ...random.list(more, alike)], manner, isOffline: random.next() < 0.3, delay: random.integer(60) };
}

/** Calls, reads in its own manner, and returns the answer if it has read all of it. */
async function call(
  model: LanguageModel,
  { requests, manner, isOffline, delay }: Caller,
  isolate: IsolateWork,
  othersDone: Promise<unknown>,
) {
  for (let wait = 0; wait < delay; wait++) await turn();
  const abort = new AbortController();
  const budget = new WorkBudget(model.decoder.multiplyAddsPerTurn, abort.signal, isolate);
  budget.isOffline = isOffline;
  const patience = requests[0].prompt.length % 7;
  if (manner === 'aborts')
    void turn()
      .then(turn)
      .then(turn)
      .then(() => abort.abort());
  const events: CompletionEvent[] = [];
  try {
    const reader = await complete(model, requests, budget);
    if (manner === 'never reads') {
      await othersDone;
      abort.abort();
      return undefined;
    }
    for await (const event of reader) {
      events.push(event);
      if (manner === 'leaves' && events.length > patience) return undefined;
      if (manner === 'reads slowly') for (let wait = 0; wait < patience; wait++) await turn();
    }
  } catch (error) {
    if (manner === 'aborts' && abort.signal.aborted) return undefined;
    throw error;
  }
  return requests.map((_, prompt) => answerOf(events, prompt));
}

/** The same decoder, which computes all logits, whichever are wanted. */
function withAllLogits(decoder: Decoder): Decoder {
  return new Proxy(decoder, {
    get(target, key) {
      if (key === 'forwardBatch')
        return (feeds: readonly Feed[]) => target.forwardBatch(feeds.map((feed) => ({ ...feed, wanted: undefined })));
      const value = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/**
 * Serves random callers, some of whom leave, read slowly or never, and expects that each of the others gets what it
 * gets alone, and that nothing is held in the end.
 */
export async function expectLoneAnswers(model: LanguageModel, random: SeededRandom, options: ScheduleOptions): Promise<void> {
  await model.constraints.prepare();
  const shared = { ...model, scheduler: new Scheduler(model, options) };
  const callers = random.list(options.callers, () => randomCaller(random, model, options));
  const isolate = new IsolateWork();
  const done = Promise.withResolvers<void>();
  const calls = callers.map((caller) => call(shared, caller, isolate, done.promise));
  const reading = calls.filter((_, index) => callers[index].manner !== 'never reads');
  await Promise.all(reading);
  done.resolve();
  const answers = await Promise.all(calls);
  expect(shared.scheduler.isBusy).toBe(false);
  expect(model.decoder.kvCache.freeBlocks).toBe(model.decoder.kvCache.totalBlocks);
  for (const [index, answer] of answers.entries()) {
    if (answer === undefined) continue;
    for (const [prompt, request] of callers[index].requests.entries()) {
      const decoder = withAllLogits(model.decoder);
      const alone = { ...model, decoder, scheduler: new Scheduler({ ...model, decoder }, { speculates: false }) };
      const caller: Caller = { requests: [request], manner: 'reads', isOffline: false, delay: 0 };
      const lone = await call(alone, caller, new IsolateWork(), Promise.resolve());
      expect([answer[prompt]], `caller ${index}, prompt ${prompt}`).toEqual(lone);
    }
  }
}
