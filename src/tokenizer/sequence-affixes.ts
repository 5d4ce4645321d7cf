import { z } from 'zod';
import type { TokenizerJson } from './tokenizer-json.ts';

const templateSchema = z.looseObject({
  type: z.literal('TemplateProcessing'),
  single: z.array(z.union([z.object({ SpecialToken: z.looseObject({ id: z.string() }) }), z.object({ Sequence: z.unknown() })])),
  special_tokens: z.record(z.string(), z.looseObject({ ids: z.array(z.number().int().min(0)) })),
});

/** Ids of the special tokens, such as BOS, that the tokenizer's post-processor puts before and after a sequence. */
export function sequenceAffixes({ post_processor: root }: TokenizerJson): { prefix: number[]; suffix: number[] } {
  const prefix: number[] = [];
  const suffix: number[] = [];
  for (const processor of (root?.processors as unknown[] | undefined) ?? [root]) {
    const { data } = templateSchema.safeParse(processor);
    let target = prefix;
    for (const piece of data?.single ?? []) {
      if ('SpecialToken' in piece) target.push(...(data!.special_tokens[piece.SpecialToken.id]?.ids ?? []));
      else target = suffix;
    }
  }
  return { prefix, suffix };
}
