import { describe, expect, it } from 'vitest';
import type { Logits } from '../../../src/core/logits.ts';
import { complete } from '../../../src/generation/complete.ts';
import { prepareDecision, type Question, type Verdict } from '../../../src/generation/decisions/decide.ts';
import { promptTrees } from '../../../src/generation/decisions/prompt-tree.ts';
import type { LanguageModel } from '../../../src/generation/language-model.ts';
import { Scheduler } from '../../../src/generation/scheduler/scheduler.ts';
import { IsolateWork, WorkBudget } from '../../../src/generation/work-budget.ts';
import { DEFAULT_MODEL } from '../../../src/local/project-paths.ts';
import { MULTIPLY_ADDS_PER_TURN } from '../past-decoder.ts';
import { completionRequest, pastModel } from '../past-model.ts';
import { realModel } from '../scheduler/real-model.ts';
import { SeededRandom } from '../seeded-random.ts';

const UNLIMITED = Number.POSITIVE_INFINITY;

async function decide(model: LanguageModel, questions: readonly Question[], signal?: AbortSignal, maxWork = UNLIMITED): Promise<Verdict[]> {
  const budget = new WorkBudget(model.decoder.multiplyAddsPerTurn, signal, new IsolateWork());
  const decision = await prepareDecision(model, questions, { partition: '', maxWork, budget });
  for await (const _ of await decision.submit(budget));
  return decision.verdicts();
}

interface Sizes {
  vocabulary: number;
  input: number;
  questions: number;
}

/** Questions about one input, some of which begin alike, some with a prior, with answers of one token and of several. */
function randomQuestions(random: SeededRandom, { vocabulary, input, questions }: Sizes): Question[] {
  const token = () => random.integer(vocabulary);
  const head = random.list(1 + random.integer(input), token);
  const begun = random.list(random.integer(4), token);
  const calibrates = random.next() < 0.3;
  return random.list(1 + random.integer(questions), () => {
    const tail = [...(random.next() < 0.5 ? begun : []), ...random.list(1 + random.integer(5), token)];
    const answers = random.list(1 + random.integer(5), () => random.list(1 + random.integer(3), () => random.integer(4)));
    return { prompt: [...head, ...tail], prior: calibrates ? [1, ...tail] : undefined, answers };
  });
}

const alone = (model: LanguageModel): LanguageModel => ({ ...model, scheduler: new Scheduler(model, { speculates: false }) });

/** Expects that all questions together, beside other callers, have bit for bit the verdicts that each has alone. */
async function expectLoneVerdicts(model: LanguageModel, random: SeededRandom, sizes: Sizes, mostTokens: number): Promise<void> {
  const shared = { ...model, scheduler: new Scheduler(model) };
  const requests = random.list(1 + random.integer(3), () => randomQuestions(random, sizes));
  const others = random.list(random.integer(4), async () => {
    const prompt = random.list(1 + random.integer(sizes.input), () => random.integer(sizes.vocabulary));
    const request = completionRequest({ prompt, maxTokens: random.integer(mostTokens) + 1, choices: 1 + random.integer(3) });
    const budget = new WorkBudget(model.decoder.multiplyAddsPerTurn, undefined, new IsolateWork());
    for await (const _ of await complete(shared, [request], budget));
  });
  const [verdicts] = await Promise.all([Promise.all(requests.map((questions) => decide(shared, questions))), ...others]);
  expect(shared.scheduler.isBusy).toBe(false);
  expect(model.decoder.kvCache.freeBlocks).toBe(model.decoder.kvCache.totalBlocks);
  for (const [index, questions] of requests.entries())
    for (const [place, question] of questions.entries()) expect([verdicts[index][place]]).toEqual(await decide(alone(model), [question]));
}

describe('decisions', () => {
  it('should be the same bits alone, in a batch, and beside other callers, whatever the room', async () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = new SeededRandom(seed);
      const multiplyAddsPerToken = random.pick([1, MULTIPLY_ADDS_PER_TURN / 400, MULTIPLY_ADDS_PER_TURN / 40]);
      const totalBlocks = random.pick([17, 20, 40, 400]);
      const model = pastModel({ multiplyAddsPerToken }, { blockPositions: 4, totalBlocks });
      await expectLoneVerdicts(model, random, { vocabulary: 50, input: 30, questions: 12 }, 20);
      expect(model.decoder.openSequences).toBe(0);
    }
  });

  it.each(['f32', 'q8'] as const)('should be the same bits from the default model, with a KV cache in %s', async (cacheFormat) => {
    const model = await realModel(DEFAULT_MODEL, { engine: 'edge', cacheFormat }, 0);
    for (let seed = 0; seed < 4; seed++)
      await expectLoneVerdicts(model, new SeededRandom(seed), { vocabulary: 4096, input: 200, questions: 12 }, 40);
  });

  it('should compute the input once, and each question behind it', async () => {
    const model = pastModel({ multiplyAddsPerToken: 1 });
    const input = [9, 8, 7, 6, 5];
    const questions = [10, 20, 30].map((token) => ({ prompt: [...input, token, 1], answers: [[1], [2]] }));
    await decide(model, questions);
    expect(model.decoder.calls.flat().length).toBe(input.length + 3 * 2);
    expect(model.decoder.calls[0]).toEqual(input);
    expect(model.decoder.rows.flat()).toEqual([0, 1, 1, 1]);
  });

  it('should divide by the prior of the answers', async () => {
    const model = pastModel();
    const answers = [[1], [2], [3]];
    const [plain] = await decide(model, [{ prompt: [5, 6], answers }]);
    const [prior] = await decide(model, [{ prompt: [7], answers }]);
    const [calibrated] = await decide(model, [{ prompt: [5, 6], prior: [7], answers }]);
    const quotients = plain.probabilities.map((probability, index) => probability / prior.probabilities[index]);
    const sum = quotients.reduce((total, quotient) => total + quotient, 0);
    for (const [index, probability] of calibrated.probabilities.entries()) expect(probability).toBeCloseTo(quotients[index] / sum, 10);
    expect(calibrated.coverage).toBe(plain.coverage);
  });

  it('should refuse what does not fit the context window or the limit of work, before anything is computed', async () => {
    const model = pastModel({ multiplyAddsPerToken: 1e6 });
    const long = {
      prompt: Array.from({ length: 64 }, () => 1),
      answers: [
        [1, 2],
        [1, 3],
      ],
    };
    await expect(decide(model, [long])).rejects.toMatchObject({ code: 'context_length_exceeded', param: 'input' });
    const short = { prompt: [1, 2, 3], answers: [[1], [2]] };
    await expect(decide(model, [short], undefined, 1e6)).rejects.toMatchObject({ code: 'invalid_value', param: 'questions' });
    await expect(decide(model, [short], undefined, 1e6)).rejects.toThrow(
      /for 1 question about the input, and the limit is .* \(MAX_WORK\)/,
    );
    expect(model.decoder.calls).toEqual([]);
  });

  it('should end with the request, and leave nothing behind', async () => {
    const model = pastModel({ multiplyAddsPerToken: MULTIPLY_ADDS_PER_TURN / 4 });
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 0);
    const questions = Array.from({ length: 200 }, (_, index) => ({ prompt: [1, 2, 3, index % 50, 4], answers: [[1], [2]] }));
    await expect(decide(model, questions, abort.signal)).rejects.toMatchObject({ name: 'AbortError' });
    expect(model.decoder.openSequences).toBe(0);
    expect(model.scheduler.isBusy).toBe(false);
  });
});

describe('promptTrees', () => {
  const place = (path: number[]) => ({ path, read: (_: Logits) => {} });

  it('should hold each common beginning once', () => {
    const trees = promptTrees([
      { prompt: [1, 2, 3, 4], places: [place([])] },
      { prompt: [1, 2, 5], places: [place([]), place([6, 7]), place([6, 8])] },
      { prompt: [9], places: [place([])] },
    ]);
    const shape = ({ tokens, readers, children }: (typeof trees)[number]): unknown => [tokens, [...readers.keys()], children.map(shape)];
    expect(trees.map(shape)).toEqual([
      [
        [1, 2],
        [],
        [
          [[3, 4], [3], []],
          [
            [5, 6],
            [2],
            [
              [[7], [4], []],
              [[8], [4], []],
            ],
          ],
        ],
      ],
      [[9], [0], []],
    ]);
  });
});
