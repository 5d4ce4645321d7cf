import { contextUse, modelOf, type PlaygroundState } from '../state/playground-state.ts';
import { surprise } from '../state/surprisal.ts';

const STEPS: [number, string][] = [
  [0.95, '95 %'],
  [0.5, '50 %'],
  [0.2, '20 %'],
  [0.05, '5 %'],
  [0.008, '< 1 %'],
];

/** How to read the text: the colours, the context window, the figures of the last run. */
export function Reading({ state }: { state: PlaygroundState }) {
  return (
    <div class="reading">
      <ul class="legend" aria-label="Colours: how probable a token was">
        {STEPS.map(([probability, name]) => (
          <li key={name} style={{ '--surprise': surprise(Math.log(probability)).toFixed(3) }}>
            {name}
          </li>
        ))}
      </ul>
      <ContextMeter state={state} />
      <Figures state={state} />
    </div>
  );
}

function ContextMeter({ state }: { state: PlaygroundState }) {
  const window = modelOf(state)?.context_window ?? 0;
  const { prompt, answer } = contextUse(state);
  const share = (count: number) => `${window === 0 ? 0 : (count / window) * 100}%`;
  const text = `${prompt + answer} of ${window} tokens`;
  return (
    <div class="context">
      <span class="name" id="context-name">
        Context window
      </span>
      {/* biome-ignore lint/a11y/useSemanticElements: a meter element has one bar, not a prompt's and an answer's */}
      <div
        class="meter"
        role="meter"
        aria-labelledby="context-name"
        aria-valuemin={0}
        aria-valuemax={window}
        aria-valuenow={prompt + answer}
        aria-valuetext={`${text}: ${prompt} in the prompt, ${answer} in the answer`}
      >
        <span class="of-prompt" style={{ inlineSize: share(prompt) }} />
        <span class="of-answer" style={{ inlineSize: share(answer) }} />
      </div>
      <span class="count">{window > 0 ? text : '…'}</span>
    </div>
  );
}

function Figures({ state: { timing, isRunning, ...state } }: { state: PlaygroundState }) {
  const turn = state.conversations[state.mode].turns.at(-1);
  if (!turn || isRunning || timing.firstTokenMs === null) return null;
  const { firstTokenMs, tokensPerSecond } = timing;
  return (
    <p class="figures">
      first token after {firstTokenMs.toFixed(0)} ms{tokensPerSecond !== null && ` · ${tokensPerSecond.toFixed(0)} tokens/s`} · seed{' '}
      {turn.seed}
    </p>
  );
}
