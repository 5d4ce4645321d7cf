import type { ViewProps } from '../state/playground.ts';
import { conversationOf } from '../state/playground-state.ts';
import { Answer } from './answer.tsx';
import { Controls } from './controls.tsx';
import { SchemaField, ToolsField } from './json-fields.tsx';
import { PromptField } from './prompt-field.tsx';
import { Readout } from './readout.tsx';
import { SystemField } from './system-field.tsx';

/**
 * The chat: its turns, and the field for the next message. The server renders it with the model's own chat template.
 */
export function ChatSheet(view: ViewProps) {
  const { turns } = conversationOf(view.state);
  return (
    <>
      <ol class="thread" aria-label="Conversation">
        {turns.map((turn, index) => (
          <li key={index}>
            <p class="question">
              <span class="visually-hidden">You: </span>
              {turn.text}
            </p>
            <div class="output">
              <Answer {...view} turn={turn} index={index} />
            </div>
          </li>
        ))}
      </ol>
      {turns.length === 0 && <p class="empty">The answer will appear here, token by token.</p>}
      <SystemField {...view} />
      <SchemaField {...view} />
      <ToolsField {...view} />
      <PromptField {...view} label="Message" field="messages" sendsOnEnter />
      <Controls {...view} verb="Send" />
      <Readout state={view.state} />
    </>
  );
}
