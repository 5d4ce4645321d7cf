import { modelOf, type PlaygroundState } from '../state/playground-state.ts';
import { megabytes } from './number-formats.ts';

/** How much of the chosen model is loaded. */
export function LoadState({ state }: { state: PlaygroundState }) {
  const model = modelOf(state);
  if (!model || state.problem?.field === 'model') return null;
  const { id, load } = model;
  const isReady = state.answered.includes(id) || load.state === 'ready';
  const part = load.total_bytes > 0 ? load.loaded_bytes / load.total_bytes : 0;
  // A model that is listed as cold is shown as loading, too: the page has the chosen model loaded at once.
  return (
    <div class={`load ${isReady ? 'ready' : 'loading'}`}>
      <span role="status">
        {isReady ? 'Model ready' : `Loading the model: ${(part * 100).toFixed(0)}% of ${megabytes(load.total_bytes)}`}
      </span>
      {!isReady && <progress value={part} max={1} aria-label="Loading the model" />}
    </div>
  );
}
