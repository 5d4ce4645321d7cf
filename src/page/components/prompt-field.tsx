import { useEffect } from 'preact/hooks';
import { canGenerate, conversationOf, EXAMPLES } from '../state/playground-state.ts';
import { ProblemNote } from './problem-note.tsx';
import type { ViewProps } from './view-props.ts';

const COUNT_AFTER_MS = 250;

interface Props extends ViewProps {
  label: string;
  /** The request's field that the text becomes. */
  field: 'prompt' | 'messages';
  /** Whether Enter alone sends, as it does in a chat. */
  sendsAtEnter: boolean;
}

/** Where the reader types, with examples. Control or Command with Enter sends. */
export function PromptField({ playground, state, label, field, sendsAtEnter }: Props) {
  const { draft } = conversationOf(state);
  useEffect(() => {
    if (state.answered.length === 0) return;
    const timer = setTimeout(() => playground.countDraft().catch((error) => playground.fail(error)), COUNT_AFTER_MS);
    return () => clearTimeout(timer);
  }, [draft, state.modelId]);
  const onKeyDown = (event: KeyboardEvent) => {
    const sends = event.ctrlKey || event.metaKey || (sendsAtEnter && !event.shiftKey);
    if (event.key !== 'Enter' || !sends || event.isComposing) return;
    event.preventDefault();
    if (!state.isRunning && canGenerate(state)) playground.generate();
  };
  const hasProblem = state.problem?.field === field;
  return (
    <div class="prompt">
      <label for="prompt">{label}</label>
      <textarea
        id="prompt"
        rows={2}
        spellcheck={false}
        value={draft}
        aria-invalid={hasProblem}
        aria-describedby={hasProblem ? 'prompt-problem' : undefined}
        onInput={(event) => playground.setDraft(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <ProblemNote state={state} field={field} id="prompt-problem" />
      <ul class="examples" aria-label="Examples">
        {EXAMPLES[state.mode].map((example) => (
          <li key={example}>
            <button type="button" onClick={() => playground.setDraft(example)}>
              {example}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
