import { conversationOf } from '../state/playground-state.ts';
import { Answer } from './answer.tsx';
import { Controls } from './controls.tsx';
import { PromptField } from './prompt-field.tsx';
import { Reading } from './reading.tsx';
import type { ViewProps } from './view-props.ts';

/** A prompt, and the text that goes on from it. */
export function CompletionSheet(view: ViewProps) {
  const [turn] = conversationOf(view.state).turns;
  return (
    <>
      <PromptField {...view} label="Prompt" field="prompt" sendsAtEnter={false} />
      <Controls {...view} verb="Generate" />
      <div class="output">
        {turn ? <Answer {...view} turn={turn} index={0} lead={turn.text} /> : <p class="empty">The text will come here, token by token.</p>}
      </div>
      <Reading state={view.state} />
    </>
  );
}
