import type { ViewProps } from '../state/playground.ts';
import type { PlaygroundState } from '../state/playground-state.ts';
import { ProblemNote } from './problem-note.tsx';
import { useOpenWhen } from './use-open-when.ts';

const SCHEMA =
  '{"type":"object","properties":{"name":{"type":"string","maxLength":12},"age":{"type":"integer"}},"required":["name","age"],"additionalProperties":false}';
const TOOLS =
  '[{"type":"function","function":{"name":"draw","description":"Draws a picture.","parameters":{"type":"object","properties":{"animal":{"enum":["cat","dog","frog"]}},"required":["animal"],"additionalProperties":false}}}]';

interface Props {
  id: string;
  label: string;
  /** The request field that it becomes. */
  field: string;
  example: string;
  text: string;
  state: PlaygroundState;
  onChange: (text: string) => void;
}

/** A field for JSON, folded away until it is wanted. */
function JsonField({ id, label, field, example, text, state, onChange }: Props) {
  const hasProblem = state.problem?.field === field;
  const details = useOpenWhen(hasProblem);
  return (
    <details class="system" ref={details}>
      <summary>
        {label}
        {text.trim() !== '' && <span class="mark"> set</span>}
      </summary>
      <textarea
        id={id}
        rows={2}
        spellcheck={false}
        aria-label={label}
        placeholder={example}
        value={text}
        aria-invalid={hasProblem}
        aria-describedby={hasProblem ? `${id}-problem` : undefined}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
      {text === '' && (
        <button type="button" class="quiet" onClick={() => onChange(example)}>
          Take the example
        </button>
      )}
      <ProblemNote state={state} field={field} id={`${id}-problem`} />
    </details>
  );
}

/** A JSON Schema that the chat's answers must satisfy. */
export const SchemaField = ({ playground, state }: ViewProps) => (
  <JsonField
    id="schema"
    label="Schema of the answer"
    field="response_format"
    example={SCHEMA}
    text={state.schema}
    state={state}
    onChange={(text) => playground.setSchema(text)}
  />
);

/** Tools, of which each answer of the chat must call one. */
export const ToolsField = ({ playground, state }: ViewProps) => (
  <JsonField
    id="tools"
    label="Tools to call"
    field="tools"
    example={TOOLS}
    text={state.tools}
    state={state}
    onChange={(text) => playground.setTools(text)}
  />
);
