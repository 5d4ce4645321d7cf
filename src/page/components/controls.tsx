import { useState } from 'preact/hooks';
import { pathOf } from '../state/conversation.ts';
import { canGenerate, contextUse, conversationOf, endIdsOf, modelOf, type PlaygroundState } from '../state/playground-state.ts';
import { CodeDialog } from './code-dialog.tsx';
import { ProblemNote } from './problem-note.tsx';
import { ShareButton } from './share-button.tsx';
import type { ViewProps } from './view-props.ts';

/** Fields that have a place of their own for what is wrong with them. */
const hasPlace = (state: PlaygroundState, field: string): boolean =>
  ['prompt', 'messages', 'model', 'link', 'distribution', 'stop'].includes(field) || state.parameters.some(({ name }) => name === field);

function canGoOn(state: PlaygroundState): boolean {
  const turn = conversationOf(state).turns.at(-1);
  const { prompt, answer } = contextUse(state);
  const isEnded = endIdsOf(state).includes(turn ? (pathOf(turn).tokens.at(-1)?.id ?? -1) : -1);
  return !!turn?.promptIds && answer > 0 && !isEnded && prompt + answer < (modelOf(state)?.context_window ?? 0);
}

/** What can be done with the text. */
export function Controls({ playground, state, verb }: ViewProps & { verb: string }) {
  const [showsCode, setShowsCode] = useState(false);
  const isEmpty = conversationOf(state).turns.length === 0;
  const field = state.problem?.field ?? null;
  return (
    <>
      <div class="controls">
        {/* One button, so that the focus stays where it is. */}
        <button
          type="button"
          class={state.isRunning ? 'primary stop' : 'primary'}
          disabled={!state.isRunning && !canGenerate(state)}
          onClick={() => (state.isRunning ? playground.stop() : playground.generate())}
        >
          {state.isRunning ? 'Stop' : verb} <kbd>{state.isRunning ? 'Esc' : state.mode === 'chat' ? '↵' : 'Ctrl ↵'}</kbd>
        </button>
        {!state.isRunning && canGoOn(state) && (
          <button type="button" onClick={() => playground.goOn()}>
            Go on
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
      {showsCode && <CodeDialog playground={playground} state={state} onClose={() => setShowsCode(false)} />}
    </>
  );
}
