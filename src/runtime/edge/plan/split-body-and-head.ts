import { unsupported } from '../graph/unsupported.ts';
import type { PlannedBuffer, Step } from './step.ts';

/** A plan's steps in two parts. */
export interface SplitSteps {
  /** The steps that run for every position. */
  readonly body: readonly Step[];
  /** The steps that run only for positions whose logits are wanted. */
  readonly head: readonly Step[];
}

/**
 * Splits steps into body and head. The body is all that a key or a value in the cache depends on. Everything else is
 * the head, and that includes the last layer from its attention on: a prefill does not pay for it.
 * @throws GptEdgeError `unsupported_model` if there is no attention, so that the logits depend on no past
 */
export function splitBodyAndHead(steps: readonly Step[], buffers: readonly PlannedBuffer[]): SplitSteps {
  const body = new Set<Step>();
  const bodyBuffers = new Set<number>();
  for (let changed = true; changed; ) {
    const before = body.size;
    for (const step of [...steps].reverse()) {
      const fillsCache = step.kernel.startsWith('append');
      // A buffer without a stride cannot be read in part, so whatever reads it has to compute all rows.
      const readsWhole = step.reads.some((buffer) => bodyBuffers.has(buffer) && buffers[buffer].stride === 0);
      if (!fillsCache && !readsWhole && !step.writes.some((buffer) => bodyBuffers.has(buffer))) continue;
      body.add(step);
      for (const buffer of [...step.reads, ...step.writes]) bodyBuffers.add(buffer);
    }
    changed = body.size > before;
  }
  if (body.size === 0) throw unsupported('it has no attention.');
  return { body: steps.filter((step) => body.has(step)), head: steps.filter((step) => !body.has(step)) };
}
