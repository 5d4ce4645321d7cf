import type { Logits } from '../../core/logits.ts';
import { logSumExp } from '../sampling/log-probabilities.ts';

/** Where some of the answers go on differently: behind the tokens that these have in common. */
export interface Fork {
  /** The tokens of the answers so far. */
  readonly path: readonly number[];
  /** Takes note of how probable each way is. @param logits those after the path */
  read(logits: Logits): void;
}

/** The least probability that an answer is given for ending where another one goes on. It keeps logarithms finite. */
const LEAST_REST = 2 ** -52;

/**
 * The probabilities of several answers to one question, each of which is some tokens. Answers share beginnings, so they
 * are a tree; an answer's probability is that of its ways at all forks, each among the ways that are there. What follows
 * without a fork is certain, so that a long answer is no less probable than a short one. It is the probability with which
 * an answer that must be one of these would be generated at temperature 1.
 */
export class AnswerTrie {
  readonly forks: readonly Fork[];
  /** Natural logarithms. */
  readonly #logprobs: number[];
  #coverage = 1;

  /** @param answers at least one token each; equal ones share their probability */
  constructor(answers: readonly (readonly number[])[]) {
    this.#logprobs = answers.map(() => 0);
    this.forks = this.#forksOf(answers, [...answers.keys()], 0);
  }

  /** The natural logarithm of each answer's probability, once all forks are read. */
  get logprobs(): readonly number[] {
    return this.#logprobs;
  }

  /** The probability that the model gives to all first tokens of the answers together: how far it wants to say any of them. */
  get coverage(): number {
    return this.#coverage;
  }

  /** @param group those of the answers that have their first `depth` tokens in common */
  #forksOf(answers: readonly (readonly number[])[], group: readonly number[], depth: number): Fork[] {
    const ending = group.filter((index) => answers[index].length === depth);
    const ways = Map.groupBy(
      group.filter((index) => answers[index].length > depth),
      (index) => answers[index][depth],
    );
    const below = [...ways.values()].flatMap((next) => this.#forksOf(answers, next, depth + 1));
    if (ways.size === 0) this.#add(ending, -Math.log(ending.length));
    const isFork = ways.size > 1 || (ways.size === 1 && ending.length > 0);
    const isFirst = depth === 0;
    if (!isFork && !isFirst) return below;
    const path = answers[group[0]].slice(0, depth);
    return [{ path, read: (logits) => this.#read(logits, ways, ending, isFirst) }, ...below];
  }

  #read(logits: Logits, ways: ReadonlyMap<number, readonly number[]>, ending: readonly number[], isFirst: boolean): void {
    const norm = logSumExp(logits);
    const taken = [...ways].map(([token, group]) => ({ group, logprob: logits.values[token] - norm }));
    const sum = taken.reduce((total, { logprob }) => total + Math.exp(logprob), 0);
    if (isFirst) this.#coverage = Math.min(1, sum);
    const rest = ending.length > 0 ? Math.max(LEAST_REST, 1 - sum) : 0;
    const among = Math.log(sum + rest);
    for (const { group, logprob } of taken) this.#add(group, logprob - among);
    if (rest > 0) this.#add(ending, Math.log(rest / ending.length) - among);
  }

  #add(group: readonly number[], logprob: number): void {
    for (const index of group) this.#logprobs[index] += logprob;
  }
}
