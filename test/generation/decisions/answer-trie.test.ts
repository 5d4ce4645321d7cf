import { describe, expect, it } from 'vitest';
import { AnswerTrie } from '../../../src/generation/decisions/answer-trie.ts';
import { PastDecoder } from '../past-decoder.ts';
import { logitsOf } from '../sampling/reference-logits.ts';
import { SeededRandom } from '../seeded-random.ts';

const PROMPT = [3, 1, 4];
const decoder = new PastDecoder();

/** The probability of each token after a text. */
function distribution(past: readonly number[]): number[] {
  const weights = [...decoder.logitsAfter(past)].map((logit) => Math.exp(logit));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

function probabilitiesOf(answers: readonly (readonly number[])[]): number[] {
  const trie = new AnswerTrie(answers);
  for (const { path, read } of trie.forks.map((fork) => ({ path: fork.path, read: fork.read.bind(fork) })))
    read(logitsOf(decoder.logitsAfter([...PROMPT, ...path])));
  return trie.logprobs.map((logprob) => Math.exp(logprob));
}

/**
 * The same, as it is generated: from the beginning, one way after the other is taken, each with its probability among
 * those that lead to an answer; where an answer may end, ending has the probability of all other tokens.
 */
function reference(answers: readonly (readonly number[])[], answer: readonly number[]): number {
  let probability = 1;
  for (let depth = 0; depth <= answer.length; depth++) {
    const begun = answers.filter(
      (other) => other.length >= depth && answer.slice(0, depth).every((token, index) => other[index] === token),
    );
    const tokens = new Set(begun.filter(({ length }) => length > depth).map((other) => other[depth]));
    const next = distribution([...PROMPT, ...answer.slice(0, depth)]);
    const taken = [...tokens].reduce((sum, token) => sum + next[token], 0);
    const ending = begun.filter(({ length }) => length === depth).length;
    const rest = tokens.size === 0 ? 1 : 1 - taken;
    const all = taken + (ending > 0 ? rest : 0);
    if (depth < answer.length) probability *= next[answer[depth]] / all;
    else probability *= (tokens.size === 0 ? 1 : rest / all) / ending;
    if (tokens.size === 0) break;
  }
  return probability;
}

describe('AnswerTrie', () => {
  it('should give each answer the probability with which it would be generated', () => {
    for (let seed = 0; seed < 200; seed++) {
      const random = new SeededRandom(seed);
      const answers = random.list(2 + random.integer(8), () => random.list(1 + random.integer(4), () => random.integer(3)));
      const probabilities = probabilitiesOf(answers);
      for (const [index, answer] of answers.entries())
        expect(probabilities[index], `seed ${seed}`).toBeCloseTo(reference(answers, answer), 5);
      expect(probabilities.reduce((sum, probability) => sum + probability, 0)).toBeCloseTo(1, 6);
    }
  });

  it('should not let lengths decide', () => {
    const short = probabilitiesOf([[5], [6]]);
    const long = probabilitiesOf([[5], [6, 7, 8, 9, 10, 11]]);
    expect(long).toEqual(short);
  });

  it('should share the probability of equal answers', () => {
    const [first, second, other] = probabilitiesOf([[5], [5], [6]]);
    expect(first).toBe(second);
    const [whole, rest] = probabilitiesOf([[5], [6]]);
    expect(first * 2).toBeCloseTo(whole, 10);
    expect(other).toBeCloseTo(rest, 10);
  });

  it('should ask for logits only where answers part, and behind the prompt', () => {
    const paths = (...answers: number[][]) => new AnswerTrie(answers).forks.map(({ path }) => path);
    expect(paths([1, 2, 3], [4, 5])).toEqual([[]]);
    expect(paths([1, 2, 3], [1, 2, 4], [5])).toEqual([[], [1, 2]]);
    expect(paths([1], [1, 2])).toEqual([[], [1]]);
    expect(paths([1, 2])).toEqual([[]]);
  });

  it('should say how probable it is that any answer is begun', () => {
    const trie = new AnswerTrie([[5], [6, 1], [6, 2]]);
    trie.forks[0].read(logitsOf(decoder.logitsAfter(PROMPT)));
    const next = distribution(PROMPT);
    expect(trie.coverage).toBeCloseTo(next[5] + next[6], 5);
  });
});
