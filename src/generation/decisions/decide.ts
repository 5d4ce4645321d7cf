import { GptEdgeError } from '../../core/errors.ts';
import { checkContext } from '../check-context.ts';
import { describeWork } from '../check-work.ts';
import type { LanguageModel } from '../language-model.ts';
import type { PromptTask } from '../scheduler/prompt-run.ts';
import type { JobReader } from '../scheduler/scheduler.ts';
import type { SequenceTask } from '../scheduler/sequence-task.ts';
import { TokenWork } from '../token-work.ts';
import type { WorkBudget } from '../work-budget.ts';
import { AnswerTrie } from './answer-trie.ts';
import { type Asked, type PromptNode, promptTrees } from './prompt-tree.ts';

/** A question in tokens. */
export interface Question {
  /** All that comes before the answer: at least one token id. */
  readonly prompt: readonly number[];
  /** The same without what the question is about, for the answers' prior; undefined if it is not wanted. */
  readonly prior?: readonly number[];
  /** What may be answered, as token ids, at least one each. */
  readonly answers: readonly (readonly number[])[];
}

export interface Verdict {
  /** The probability of each answer; they add up to 1. */
  readonly probabilities: readonly number[];
  /** The probability that the model gives to all first tokens of the answers together, among all tokens. */
  readonly coverage: number;
}

/** The questions of a request, ready to be computed. */
export interface Decision {
  /** How many tokens are computed, each once; those that are found in the cache count, too. */
  readonly tokens: number;
  /** Computes the verdicts. What the reader gives is nothing but the end of the work. */
  submit(budget: WorkBudget): Promise<JobReader>;
  /** The verdicts, in the order of the questions, once the reader has come to its end. */
  verdicts(): Verdict[];
}

/** Tokens of prompts that are sorted into a tree in one turn. */
const TOKENS_PER_TURN = 2_000_000;

/** How the request's fields are called in an error. */
const FIELDS = { prompt: 'input' } as const;

/**
 * Prepares to answer questions by the probabilities of their answers; nothing is generated. Prompts that begin alike share
 * that beginning, which is computed once.
 * @param partition what is computed is reused within it only
 * @param maxWork multiply-adds that the request may take
 * @throws GptEdgeError `context_length_exceeded`, or `invalid_value` if the work is more than the limit, before anything
 *   is computed
 */
export async function prepareDecision(
  model: LanguageModel,
  questions: readonly Question[],
  { partition, maxWork, budget }: { partition: string; maxWork: number; budget: WorkBudget },
): Promise<Decision> {
  const asked = questions.map(({ prompt, prior, answers }) => ({
    given: withTrie(prompt, answers),
    prior: prior && withTrie(prior, answers),
  }));
  const all = asked.flatMap(({ given, prior }) => (prior ? [given, prior] : [given]));
  for (const { prompt, places } of all) checkContext(model, prompt.length + Math.max(...places.map(({ path }) => path.length)), 0, FIELDS);
  await budget.spendTurns(all.reduce((sum, { prompt }) => sum + prompt.length, 0) / TOKENS_PER_TURN);
  const trees = promptTrees(all);
  const work = new TokenWork(model);
  refuseTooMuch(model, trees, questions.length, work, maxWork);
  const tasks = trees.map((node) => toTask(node, [], { partition, adapter: model.adapter, work }));
  return {
    tokens: trees.reduce((sum, node) => sum + tokensOf(node), 0),
    submit: (own) => model.scheduler.submit(() => tasks, own),
    verdicts: () => asked.map(({ given, prior }) => toVerdict(given.trie, prior?.trie)),
  };
}

function withTrie(prompt: readonly number[], answers: Question['answers']): Asked & { trie: AnswerTrie } {
  const trie = new AnswerTrie(answers);
  return { prompt, trie, places: trie.forks };
}

/** Source of the calibration: contextual calibration (Zhao et al., 2021, arXiv:2102.09690), as a quotient of probabilities. */
function toVerdict(given: AnswerTrie, prior: AnswerTrie | undefined): Verdict {
  const scores = given.logprobs.map((logprob, index) => logprob - (prior?.logprobs[index] ?? 0));
  const greatest = Math.max(...scores);
  const weights = scores.map((score) => Math.exp(score - greatest));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return { probabilities: weights.map((weight) => weight / sum), coverage: given.coverage };
}

interface Shared extends SequenceTask {
  readonly work: TokenWork;
}

/** Tasks of what is below are made when their turn has come: there may be many, each with all of its tokens. */
function toTask({ start, tokens, readers, children }: PromptNode, before: readonly number[], shared: Shared): PromptTask {
  const { partition, adapter, work } = shared;
  const all = [...before, ...tokens];
  return {
    tokens: all,
    partition,
    adapter,
    firstRead: () => readers.keys().next().value ?? start + tokens.length,
    read: (logits, index) => {
      for (const place of readers.get(index) ?? []) place.read(logits);
    },
    readWork: () => work.score(0),
    choices: [],
    branches: () => children.map((child) => toTask(child, all, shared)),
  };
}

const tokensOf = ({ tokens, children }: PromptNode): number => children.reduce((sum, child) => sum + tokensOf(child), tokens.length);

function workOf({ start, tokens, readers, children }: PromptNode, work: TokenWork): number {
  const own = work.feed(start, tokens.length) + readers.size * work.score(0);
  return children.reduce((sum, child) => sum + workOf(child, work), own);
}

function refuseTooMuch(
  { decoder }: LanguageModel,
  trees: readonly PromptNode[],
  questions: number,
  work: TokenWork,
  maxWork: number,
): void {
  const total = decoder.costOfMultiplyAdd * trees.reduce((sum, node) => sum + workOf(node, work), 0);
  if (total <= maxWork) return;
  const what = `${questions} ${questions === 1 ? 'question' : 'questions'} about the input`;
  throw new GptEdgeError('invalid_value', `Invalid questions: ${describeWork(total, maxWork, what)}`, { param: 'questions' });
}
