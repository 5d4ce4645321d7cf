import type { Mode } from '../state/conversation.ts';
import type { ViewProps } from '../state/playground.ts';
import { canChat, type PlaygroundState } from '../state/playground-state.ts';

const MODES: [Mode, string][] = [
  ['completion', 'Completion'],
  ['chat', 'Chat'],
  ['decide', 'Decide'],
];

/** Switches between completion and chat. */
export function ModeSwitch({ playground, state }: ViewProps) {
  const isRefused = (mode: Mode) => mode === 'chat' && !canChat(state);
  return (
    <fieldset class="switch" aria-describedby={canChat(state) ? undefined : 'no-chat'}>
      <legend class="visually-hidden">Mode</legend>
      {MODES.map(([mode, label]) => (
        <label key={mode}>
          <input
            type="radio"
            name="mode"
            value={mode}
            checked={state.mode === mode}
            disabled={isRefused(mode)}
            onChange={() => playground.setMode(mode)}
          />
          <span>{label}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** Why the model cannot chat, if it cannot. */
export function NoChatNote({ state }: { state: PlaygroundState }) {
  if (canChat(state)) return null;
  return (
    <p class="note" id="no-chat">
      No chat: {state.modelId} has no chat template. It continues texts.
    </p>
  );
}
