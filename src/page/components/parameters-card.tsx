import { hasSlider, type Parameter } from '../state/parameters.ts';
import type { ViewProps } from '../state/playground.ts';
import type { PlaygroundState } from '../state/playground-state.ts';
import { defaultLength } from '../state/requests.ts';
import { ProblemNote } from './problem-note.tsx';

/** Parameters that are always visible; the others are folded away. */
const FIRST = ['temperature', 'top_p', 'max_tokens', 'seed'];

/**
 * The request's parameters, with the ranges that the OpenAPI document gives. An empty field leaves the value to the
 * model.
 */
export function ParametersCard({ playground, state }: ViewProps) {
  const view = { playground, state };
  const first = state.parameters.filter(({ name }) => FIRST.includes(name));
  const others = state.parameters.filter(({ name }) => !FIRST.includes(name));
  const isProblemHidden = others.some(({ name }) => name === state.problem?.field) || state.problem?.field === 'stop';
  return (
    <section class="card parameters" aria-labelledby="parameters-title">
      <h2 id="parameters-title">Parameters</h2>
      <div class="fields">
        {first.map((parameter) => (
          <Field key={parameter.name} {...view} parameter={parameter} placeholder={placeholder(state, parameter)} />
        ))}
      </div>
      <details open={isProblemHidden || undefined}>
        <summary>More parameters</summary>
        <div class="fields">
          {others.map((parameter) => (
            <Field key={parameter.name} {...view} parameter={parameter} placeholder={placeholder(state, parameter)} />
          ))}
          <StopField {...view} />
        </div>
      </details>
    </section>
  );
}

function placeholder(state: PlaygroundState, { name }: Parameter): string {
  if (name === 'max_tokens') return String(defaultLength(state));
  return name === 'seed' ? 'random' : 'auto';
}

interface FieldProps extends ViewProps {
  parameter: Parameter;
  placeholder: string;
}

function Field({ playground, state, parameter, placeholder }: FieldProps) {
  const { name, label, description, min, max, isWhole, fallback } = parameter;
  const text = state.fields[name] ?? '';
  const hasProblem = state.problem?.field === name;
  const set = (value: string) => playground.setField(name, value);
  const step = isWhole ? 1 : 0.01;
  // The range of the seed is too large to tell a reader anything.
  const showsRange = Number.isSafeInteger(max) && Math.abs(max) < 2 ** 31;
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <input
        id={name}
        type="number"
        inputMode={isWhole ? 'numeric' : 'decimal'}
        min={min}
        max={max}
        step={isWhole ? 1 : 0.05}
        placeholder={placeholder}
        value={text}
        aria-invalid={hasProblem}
        aria-describedby={`${name}-help${hasProblem ? ` ${name}-problem` : ''}`}
        onInput={(event) => set(event.currentTarget.value)}
      />
      {hasSlider(parameter) && (
        <input
          type="range"
          class={text === '' ? 'unset' : undefined}
          aria-label={`${label}, slider`}
          min={min}
          max={max}
          step={step}
          value={text === '' ? fallback : text}
          onInput={(event) => set(event.currentTarget.value)}
        />
      )}
      <p class="help" id={`${name}-help`}>
        {showsRange && `${min} to ${max.toLocaleString('en')}. `}
        {name === 'max_tokens' ? 'Prompt and answer share the context window.' : description}
      </p>
      <ProblemNote state={state} field={name} id={`${name}-problem`} />
    </div>
  );
}

function StopField({ playground, state }: ViewProps) {
  const hasProblem = state.problem?.field === 'stop';
  return (
    <div class="field">
      <label for="stop">Stop sequences</label>
      <textarea
        id="stop"
        rows={2}
        spellcheck={false}
        placeholder="one per line"
        value={state.fields.stop ?? ''}
        aria-invalid={hasProblem}
        aria-describedby={`stop-help${hasProblem ? ' stop-problem' : ''}`}
        onInput={(event) => playground.setField('stop', event.currentTarget.value)}
      />
      <p class="help" id="stop-help">
        Each line is a text that ends the answer and is left out of it. Write \n for a line break.
      </p>
      <ProblemNote state={state} field="stop" id="stop-problem" />
    </div>
  );
}
