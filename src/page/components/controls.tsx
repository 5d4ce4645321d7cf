import { useState } from 'preact/hooks';
import type { ViewProps } from '../state/playground.ts';
import { canContinue, canGenerate, conversationOf, modelErrorOf, type PlaygroundState } from '../state/playground-state.ts';
import { loadModel } from '../state/start-playground.ts';
import { CodeDialog } from './code-dialog.tsx';
import { Note, ProblemNote } from './problem-note.tsx';
import { ShareButton } from './share-button.tsx';

/** The buttons below the prompt, and the errors that belong to no other place. */
export function Controls({ playground, state, verb }: ViewProps & { verb: string }) {
  const [showsCode, setShowsCode] = useState(false);
  const showCode = () => {
    // A schema or a list of tools that cannot be read makes no request.
    if (playground.canRequest()) setShowsCode(true);
  };
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
          aria-describedby={modelErrorOf(state) === undefined ? undefined : 'model-error'}
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
        <button type="button" class="quiet" onClick={showCode}>
          Code
        </button>
        <ShareButton playground={playground} state={state} />
      </div>
      <ModelError playground={playground} state={state} />
      {field !== null && PLACES.includes(field) ? null : (
        <ProblemNote state={state} field={field} id="problem">
          {isParameter(state, field) && <ShowField name={field!} />}
        </ProblemNote>
      )}
      {showsCode && <CodeDialog state={state} onClose={() => setShowsCode(false)} />}
    </>
  );
}

/** Fields whose errors are shown beside them. All others are shown here, where the reader pressed the button. */
const PLACES = ['prompt', 'messages', 'input', 'system', 'response_format', 'tools', 'link', 'distribution'];

const isParameter = (state: PlaygroundState, field: string | null): boolean =>
  field === 'stop' || state.parameters.some(({ name }) => name === field);

/** Why the model cannot run. The reason may pass: a file may be put into the bucket, or the server's limit raised. */
function ModelError({ playground, state }: ViewProps) {
  const error = modelErrorOf(state);
  if (error === undefined) return null;
  return (
    <Note message={error} id="model-error">
      <button type="button" onClick={() => loadModel(playground)}>
        Try again
      </button>
    </Note>
  );
}

/** Leads to the parameter that is at fault, which may be folded away or out of sight. */
function ShowField({ name }: { name: string }) {
  return (
    <button type="button" onClick={() => document.getElementById(name)?.focus()}>
      Go to the field
    </button>
  );
}
