import { contextUse, conversationOf, modelOf, type PlaygroundState } from '../state/playground-state.ts';
import { tint } from '../state/surprisal.ts';

/** The probabilities whose tints the legend shows. */
const LEGEND: [number, string][] = [
  [0.95, '95%'],
  [0.5, '50%'],
  [0.2, '20%'],
  [0.05, '5%'],
  [0.008, '< 1%'],
];

/** Below a text: the legend of its tints, how full the context window is, and the figures of the last generation. */
export function Readout({ state }: { state: PlaygroundState }) {
  return (
    <div class="readout">
      <ul class="legend" aria-label="Colours: how probable each token was">
        {LEGEND.map(([probability, name]) => (
          <li key={name} style={{ '--tint': tint(Math.log(probability)).toFixed(3) }}>
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
      {/* biome-ignore lint/a11y/useSemanticElements: a meter element has one bar, not one each for prompt and answer */}
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

function Figures({ state }: { state: PlaygroundState }) {
  const turn = conversationOf(state).turns.at(-1);
  const { firstTokenMs, tokensPerSecond, served } = state.timing;
  if (!turn || state.isRunning || firstTokenMs === null) return null;
  return (
    <p class="figures">
      first token after {firstTokenMs.toFixed(0)} ms{tokensPerSecond !== null && ` · ${tokensPerSecond.toFixed(0)} tokens/s`} · seed{' '}
      {turn.seed}
      {served && ` · ${served}`}
    </p>
  );
}
