import { z } from 'zod';
import type { TokenizerJson } from './tokenizer-json.ts';

/** The steps of a tokenizer.json's decoder that are supported, with all fields that change what a step does. */
const stepSchema = z.union([
  z.object({ type: z.enum(['ByteLevel', 'ByteFallback', 'Fuse']) }),
  z.object({ type: z.literal('Replace'), pattern: z.object({ String: z.string().min(1) }), content: z.string() }),
  z.object({ type: z.literal('Strip'), content: z.string().length(1), start: z.number().int().min(0), stop: z.literal(0) }),
]);

export type DecoderStep = z.infer<typeof stepSchema>;

/**
 * The decoder's steps in their order, with nested sequences flattened; undefined if there are none or one is not
 * supported.
 */
export function decoderSteps({ decoder }: TokenizerJson): DecoderStep[] | undefined {
  const steps = flatten(decoder).map((step) => stepSchema.safeParse(step).data);
  return steps.length > 0 && steps.every((step) => step !== undefined) ? steps : undefined;
}

function flatten(component: unknown): unknown[] {
  const inner = typeof component === 'object' && component !== null && 'decoders' in component ? component.decoders : undefined;
  if (Array.isArray(inner)) return inner.flatMap(flatten);
  return component === null || component === undefined ? [] : [component];
}
