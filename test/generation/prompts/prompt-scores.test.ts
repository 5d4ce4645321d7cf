import { describe, expect, it } from 'vitest';
import { PromptScores } from '../../../src/generation/prompts/prompt-scores.ts';

const score = (id: number) => ({ id, logprob: -id, rank: 1, top: [] });
const tokens = [3, 1, 4, 1, 5];

function remembering(count = tokens.length, partition = '', alternatives = 0): PromptScores {
  const known = new PromptScores();
  known.begin(tokens, partition, alternatives).push(...tokens.slice(1, count).map(score));
  return known;
}

describe('PromptScores', () => {
  it('should begin with the first token, which has no score', () => {
    expect(new PromptScores().begin(tokens, '', 0)).toEqual([null]);
  });

  it('should know as much of a prompt as another that began so, even while that is being computed', () => {
    expect(remembering().begin([3, 1, 4, 9, 9], '', 0)).toEqual([null, score(1), score(4)]);
    expect(remembering(2).begin([3, 1, 4, 9, 9], '', 0)).toEqual([null, score(1)]);
    expect(remembering().begin([3, 1], '', 0)).toEqual([null, score(1)]);
    expect(remembering().begin([7, 1, 4], '', 0)).toEqual([null]);
  });

  it('should hand out an array of its own', () => {
    const known = remembering();
    known.begin([3, 1, 9], '', 0).push(score(9));
    expect(known.begin(tokens, '', 0)).toHaveLength(5);
  });

  it('should know nothing of another partition, nor with another number of alternatives', () => {
    expect(remembering(5, 'a').begin(tokens, '', 0)).toEqual([null]);
    expect(remembering(5, '', 1).begin(tokens, '', 2)).toEqual([null]);
  });

  it('should be others for each model', () => {
    const [model, other] = [{}, {}];
    PromptScores.of(model).begin(tokens, '', 0).push(score(1));
    expect(PromptScores.of(model).begin(tokens, '', 0)).toEqual([null, score(1)]);
    expect(PromptScores.of(other).begin(tokens, '', 0)).toEqual([null]);
  });

  it('should forget what was not used for long', () => {
    const known = remembering();
    for (let prompt = 0; prompt < 40; prompt++) known.begin(new Array(1000).fill(10 + prompt), '', 0);
    expect(known.begin(tokens, '', 0)).toEqual([null]);
  });
});
