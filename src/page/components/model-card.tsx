import type { WireModel } from '../../api/openai/schemas/model-schema.ts';
import { modelUse } from '../state/model-use.ts';
import type { ViewProps } from '../state/playground.ts';
import { modelErrorOf, modelOf } from '../state/playground-state.ts';
import { loadModel } from '../state/start-playground.ts';
import { megabytes, millions } from './number-formats.ts';

const facts = (model: WireModel): [string, string][] => [
  ['Parameters', millions(model.parameters)],
  ['Context window', contextWindow(model)],
  ['Vocabulary', `${model.vocabulary_size.toLocaleString('en')} tokens`],
  ['Architecture', model.architecture],
  ...weights(model),
  ['Memory', `at most ${megabytes(model.memory.total_bytes, Math.ceil)}`],
  ['Engine', model.engine],
  ['Licence', model.license ?? 'not stated'],
];

/** How the weights are stored. With an adapter, the base model has most of them. */
function weights({ dtype, bytes, parent, adapter }: WireModel): [string, string][] {
  if (adapter === null) return [['Weights', `${dtype}, ${megabytes(bytes)}`]];
  return [
    ['Base model', `${parent}, ${dtype}`],
    ['Adapter', `rank ${adapter.rank}, ${adapter.dtype}, ${megabytes(bytes)}`],
  ];
}

/** The window that is served, which may be less than the model has. */
const contextWindow = ({ context_window: served, model_context_window: own }: WireModel): string =>
  served === own ? `${count(own)} tokens` : `${count(served)} of the model's ${count(own)} tokens`;

const count = (tokens: number) => tokens.toLocaleString('en');

/** The choice of the model that answers, and the facts about it. */
export function ModelCard({ playground, state }: ViewProps) {
  const model = modelOf(state);
  const hasProblem = state.problem?.field === 'model';
  const error = modelErrorOf(state);
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
        aria-invalid={hasProblem || error !== undefined}
        aria-describedby={error !== undefined ? 'model-error' : hasProblem ? 'problem' : undefined}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        {state.models.map(({ id }) => (
          <option key={id} value={id}>
            {id}
          </option>
        ))}
      </select>
      {model && <Use model={model} />}
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
        !hasProblem && !state.isServerGone && <p class="hint">Loading the list of models …</p>
      )}
    </section>
  );
}

/** What the model is good for and what not, in the words of its card, or else by its kind and size. */
function Use({ model }: { model: WireModel }) {
  const { good, bad } = modelUse(model);
  return (
    <div class="use">
      <h3>Good for</h3>
      <p>{good}</p>
      <h3>Not for</h3>
      <p>{bad}</p>
    </div>
  );
}
