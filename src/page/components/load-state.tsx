import { modelOf, type PlaygroundState } from '../state/playground-state.ts';
import { megabytes } from './megabytes.ts';

/** How far the chosen model is loaded. */
export function LoadState({ state }: { state: PlaygroundState }) {
  const model = modelOf(state);
  if (!model || state.problem?.field === 'model') return null;
  const { id, load } = model;
  const isReady = state.answered.includes(id) || load.state === 'ready';
  const part = load.total_bytes > 0 ? load.loaded_bytes / load.total_bytes : 0;
  // A model that the page looks at is on its way: that it is asked for comes first.
  return (
    <div class={`load ${isReady ? 'ready' : 'loading'}`}>
      <span role="status">
        {isReady ? 'Model ready' : `Loading the model: ${(part * 100).toFixed(0)} % of ${megabytes(load.total_bytes)}`}
      </span>
      {!isReady && <progress value={part} max={1} aria-label="Model loaded" />}
    </div>
  );
}
