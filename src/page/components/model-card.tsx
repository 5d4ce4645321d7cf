import type { WireModel } from '../../api/schemas/model-schema.ts';
import { modelOf } from '../playground-state.ts';
import { loadModel } from '../start-playground.ts';
import type { ViewProps } from '../view-props.ts';
import { ProblemNote } from './problem-note.tsx';

const millions = (count: number): string => (count >= 1e9 ? `${(count / 1e9).toFixed(1)} billion` : `${(count / 1e6).toFixed(1)} million`);
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

const facts = (model: WireModel): [string, string][] => [
  ['Parameters', millions(model.parameters)],
  ['Context window', `${model.context_window.toLocaleString('en')} tokens`],
  ['Vocabulary', `${model.vocabulary_size.toLocaleString('en')} tokens`],
  ['Architecture', model.architecture],
  ['Weights', `${model.dtype}, ${megabytes(model.bytes)}`],
  ['Memory', `at most ${megabytes(model.memory.total_bytes)}`],
  ['Engine', model.engine],
  ['Licence', model.license ?? 'not stated'],
];

/** Which model answers, what it is, and how far it is loaded. */
export function ModelCard({ playground, state }: ViewProps) {
  const model = modelOf(state);
  const hasProblem = state.problem?.field === 'model';
  const choose = (modelId: string) => {
    playground.stop();
    playground.set({ modelId, problem: null, draftTokens: null });
    loadModel(playground);
  };
  return (
    <section class="card model" aria-labelledby="model-title">
      <h2 id="model-title">Model</h2>
      <label class="visually-hidden" for="model">
        Model
      </label>
      <select
        id="model"
        value={state.modelId}
        aria-invalid={hasProblem}
        aria-describedby={hasProblem ? 'model-problem' : undefined}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        {state.models.map(({ id }) => (
          <option key={id} value={id}>
            {id}
          </option>
        ))}
      </select>
      <ProblemNote state={state} field="model" id="model-problem" />
      {model ? (
        <>
          <LoadState model={model} isReady={state.answered.includes(model.id) || model.load.state === 'ready'} hasFailed={hasProblem} />
          <dl>
            {facts(model).map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        </>
      ) : (
        !hasProblem && <p class="hint">Asking what is served …</p>
      )}
    </section>
  );
}

function LoadState({ model: { load }, isReady, hasFailed }: { model: WireModel; isReady: boolean; hasFailed: boolean }) {
  if (hasFailed) return null;
  const part = load.total_bytes > 0 ? load.loaded_bytes / load.total_bytes : 0;
  // A model that the page looks at is on its way: that it is asked for comes first.
  const text = isReady ? 'Ready' : `Loading: ${(part * 100).toFixed(0)} % of ${megabytes(load.total_bytes)}`;
  return (
    <div class={`load ${isReady ? 'ready' : 'loading'}`}>
      <span role="status">{text}</span>
      {!isReady && <progress value={part} max={1} aria-label="Model loaded" />}
    </div>
  );
}
