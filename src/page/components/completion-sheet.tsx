import type { ViewProps } from '../state/playground.ts';
import { conversationOf } from '../state/playground-state.ts';
import { Answer } from './answer.tsx';
import { Controls } from './controls.tsx';
import { PromptField } from './prompt-field.tsx';
import { Readout } from './readout.tsx';

/** The completion: a prompt, and the text that continues it. */
export function CompletionSheet(view: ViewProps) {
  const [turn] = conversationOf(view.state).turns;
  return (
    <>
      <PromptField {...view} label="Prompt" field="prompt" sendsOnEnter={false} />
      <Controls {...view} verb="Generate" />
      <div class="output">
        {turn ? (
          <Answer {...view} turn={turn} index={0} lead={turn.text} />
        ) : (
          <p class="empty">The text will appear here, token by token.</p>
        )}
      </div>
      <Readout state={view.state} />
    </>
  );
}
