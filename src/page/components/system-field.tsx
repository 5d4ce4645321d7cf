import type { ViewProps } from '../state/playground.ts';
import { ProblemNote } from './problem-note.tsx';
import { useOpenWhen } from './use-open-when.ts';

/**
 * The system message of the chat, folded away until it is wanted. Not every chat template takes one; what it says
 * against it is shown here.
 */
export function SystemField({ playground, state }: ViewProps) {
  const hasProblem = state.problem?.field === 'system';
  const details = useOpenWhen(hasProblem);
  return (
    <details class="system" ref={details}>
      <summary>System message{state.system.trim() !== '' && <span class="mark"> set</span>}</summary>
      <textarea
        id="system"
        rows={2}
        spellcheck={false}
        aria-label="System message"
        placeholder="What the model should be or do, before the conversation begins"
        value={state.system}
        aria-invalid={hasProblem}
        aria-describedby={hasProblem ? 'system-problem' : undefined}
        onInput={(event) => playground.setSystem(event.currentTarget.value)}
      />
      <ProblemNote state={state} field="system" id="system-problem" />
    </details>
  );
}
