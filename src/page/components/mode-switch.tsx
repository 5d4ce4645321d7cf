import type { Mode } from '../state/conversation.ts';
import type { ViewProps } from '../state/playground.ts';

const MODES: [Mode, string][] = [
  ['completion', 'Completion'],
  ['chat', 'Chat'],
];

/** Switches between completion and chat. */
export function ModeSwitch({ playground, state }: ViewProps) {
  return (
    <fieldset class="switch">
      <legend class="visually-hidden">Mode</legend>
      {MODES.map(([mode, label]) => (
        <label key={mode}>
          <input type="radio" name="mode" value={mode} checked={state.mode === mode} onChange={() => playground.setMode(mode)} />
          <span>{label}</span>
        </label>
      ))}
    </fieldset>
  );
}
