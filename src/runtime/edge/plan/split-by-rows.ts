import { unsupported } from '../graph/unsupported.ts';
import type { PlannedBuffer, Step } from './step.ts';

/** The steps that each position of a prompt needs, and those that only the positions need whose logits are wanted. */
export interface SplitSteps {
  readonly body: readonly Step[];
  readonly head: readonly Step[];
}

/**
 * Finds what must be computed for every position: whatever a key or a value in the cache depends on. All else, the whole last layer
 * behind its cache included, is needed only where logits are wanted: a prefill does not pay for more.
 * @throws GptEdgeError `unsupported_model` where the logits depend on no attention and so on nothing
 */
export function splitByRows(steps: readonly Step[], buffers: readonly PlannedBuffer[]): SplitSteps {
  const bodyBuffers = new Set<number>();
  const body = new Set<Step>();
  for (let changed = true; changed; ) {
    const before = body.size;
    for (const step of [...steps].reverse()) {
      const fillsCache = step.kernel.startsWith('append');
      // Rows of a layout of its own cannot be read in part: who reads it computes all.
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
