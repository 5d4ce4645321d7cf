import { useEffect } from 'preact/hooks';
import { examplesOf } from '../state/model-use.ts';
import type { ViewProps } from '../state/playground.ts';
import { canGenerate, conversationOf, modelOf } from '../state/playground-state.ts';
import { lengthWarning } from '../state/prompt-length.ts';
import { ProblemNote } from './problem-note.tsx';

/** The draft's tokens are counted when the reader has not typed for this long. */
const COUNT_AFTER_MS = 250;

interface Props extends ViewProps {
  label: string;
  /** The request field that carries the text; its errors are shown here. */
  field: 'prompt' | 'messages' | 'input';
  /** Whether Enter alone sends the text, as in a chat. */
  sendsOnEnter: boolean;
}

/** The field that the reader types into, with examples. Control+Enter or Command+Enter sends the text. */
export function PromptField({ playground, state, label, field, sendsOnEnter }: Props) {
  const { draft, turns } = conversationOf(state);
  // Until then, the request that has the model loaded counts the draft.
  const hasAnswered = state.answered.includes(state.modelId);
  useEffect(() => {
    if (!hasAnswered) return;
    const timer = setTimeout(() => playground.countDraft().catch((error) => playground.failCount(error)), COUNT_AFTER_MS);
    return () => clearTimeout(timer);
  }, [draft, state.system, state.modelId, turns.length === 0, hasAnswered]);
  const onKeyDown = (event: KeyboardEvent) => {
    const sends = event.ctrlKey || event.metaKey || (sendsOnEnter && !event.shiftKey);
    if (event.key !== 'Enter' || !sends || event.isComposing) return;
    event.preventDefault();
    if (!state.isRunning && canGenerate(state)) playground.generate();
  };
  const hasProblem = state.problem?.field === field;
  const warning = hasProblem ? null : lengthWarning(state);
  return (
    <div class="prompt">
      <label for="prompt">{label}</label>
      <textarea
        id="prompt"
        rows={2}
        spellcheck={false}
        value={draft}
        aria-invalid={hasProblem}
        aria-describedby={hasProblem ? 'prompt-problem' : warning ? 'prompt-warning' : undefined}
        onInput={(event) => playground.setDraft(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <ProblemNote state={state} field={field} id="prompt-problem" />
      <div class="warning" id="prompt-warning" role="status">
        {warning}
      </div>
      <ul class="examples" aria-label="Examples">
        {examplesOf(modelOf(state), state.mode).map((example) => (
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
