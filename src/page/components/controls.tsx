import { useState } from 'preact/hooks';
import type { ViewProps } from '../state/playground.ts';
import { canContinue, canGenerate, conversationOf, type PlaygroundState } from '../state/playground-state.ts';
import { CodeDialog } from './code-dialog.tsx';
import { ProblemNote } from './problem-note.tsx';
import { ShareButton } from './share-button.tsx';

/** The buttons below the prompt, and the errors that belong to no other place. */
export function Controls({ playground, state, verb }: ViewProps & { verb: string }) {
  const [showsCode, setShowsCode] = useState(false);
  const isEmpty = conversationOf(state).turns.length === 0;
  const field = state.problem?.field ?? null;
  return (
    <>
      <div class="controls">
        {/* Start and stop are one button, so that the focus stays where it is. */}
        <button
          type="button"
          class={state.isRunning ? 'primary stop' : 'primary'}
          disabled={!state.isRunning && !canGenerate(state)}
          onClick={() => (state.isRunning ? playground.stop() : playground.generate())}
        >
          {state.isRunning ? 'Stop' : verb} <kbd>{state.isRunning ? 'Esc' : state.mode === 'chat' ? '↵' : 'Ctrl ↵'}</kbd>
        </button>
        {!state.isRunning && canContinue(state) && (
          <button type="button" onClick={() => playground.continue()}>
            Continue
          </button>
        )}
        {!isEmpty && !state.isRunning && (
          <button type="button" onClick={() => playground.clear()}>
            Clear
          </button>
        )}
        <span class="space" />
        <button type="button" class="quiet" onClick={() => setShowsCode(true)}>
          Code
        </button>
        <ShareButton playground={playground} state={state} />
      </div>
      {field !== null && hasPlace(state, field) ? null : <ProblemNote state={state} field={field} />}
      {showsCode && <CodeDialog state={state} onClose={() => setShowsCode(false)} />}
    </>
  );
}

/** Whether errors about this field are shown elsewhere on the page. */
const hasPlace = (state: PlaygroundState, field: string): boolean =>
  ['prompt', 'messages', 'model', 'link', 'distribution', 'stop'].includes(field) || state.parameters.some(({ name }) => name === field);
