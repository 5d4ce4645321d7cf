import type { WireModel } from '../../api/openai/schemas/model-schema.ts';
import type { ViewProps } from '../state/playground.ts';
import { modelOf } from '../state/playground-state.ts';
import { loadModel } from '../state/start-playground.ts';
import { megabytes, millions } from './number-formats.ts';
import { ProblemNote } from './problem-note.tsx';

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

/** The choice of the model that answers, and the facts about it. */
export function ModelCard({ playground, state }: ViewProps) {
  const model = modelOf(state);
  const hasProblem = state.problem?.field === 'model';
  const choose = (modelId: string) => {
    playground.setModel(modelId);
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
        <dl>
          {facts(model).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      ) : (
        !hasProblem && <p class="hint">Loading the list of models …</p>
      )}
    </section>
  );
}
