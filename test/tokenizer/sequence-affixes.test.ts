import { expect, it } from 'vitest';
import { sequenceAffixes } from '../../src/tokenizer/sequence-affixes.ts';
import { tokenizerJson } from './default-tokenizer.ts';

const special = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
const sequence = { Sequence: { id: 'A', type_id: 0 } };
const template = {
  type: 'TemplateProcessing',
  single: [special('<s>'), special('<s>'), sequence, special('</s>')],
  pair: [],
  special_tokens: {
    '<s>': { id: '<s>', ids: [7], tokens: ['<s>'] },
    '</s>': { id: '</s>', ids: [8, 9], tokens: ['</s>', '</s>'] },
  },
};
const affixesOf = (post_processor: { type: string } | null) => sequenceAffixes({ ...tokenizerJson, post_processor });

it('should be empty for the default model', () => {
  expect(sequenceAffixes(tokenizerJson)).toEqual({ prefix: [], suffix: [] });
  expect(affixesOf(null)).toEqual({ prefix: [], suffix: [] });
});

it('should find the ids before and after the sequence of a template', () => {
  expect(affixesOf(template)).toEqual({ prefix: [7, 7], suffix: [8, 9] });
});

it('should find a template within a sequence of processors', () => {
  const processors = { type: 'Sequence', processors: [{ type: 'ByteLevel', trim_offsets: true }, template] };
  expect(affixesOf(processors)).toEqual({ prefix: [7, 7], suffix: [8, 9] });
});
