import type { ViewProps } from '../state/playground.ts';
import { ProblemNote } from './problem-note.tsx';
import { useOpenWhen } from './use-open-when.ts';

const EXAMPLE =
  '{"type":"object","properties":{"name":{"type":"string","maxLength":12},"age":{"type":"integer"}},"required":["name","age"],"additionalProperties":false}';

/** A JSON Schema that the chat's answers must satisfy, folded away until it is wanted. */
export function SchemaField({ playground, state }: ViewProps) {
  const hasProblem = state.problem?.field === 'response_format';
  const details = useOpenWhen(hasProblem);
  return (
    <details class="system" ref={details}>
      <summary>Schema of the answer{state.schema.trim() !== '' && <span class="mark"> set</span>}</summary>
      <textarea
        id="schema"
        rows={2}
        spellcheck={false}
        aria-label="Schema of the answer"
        placeholder={EXAMPLE}
        value={state.schema}
        aria-invalid={hasProblem}
        aria-describedby={hasProblem ? 'schema-problem' : undefined}
        onInput={(event) => playground.setSchema(event.currentTarget.value)}
      />
      {state.schema === '' && (
        <button type="button" class="quiet" onClick={() => playground.setSchema(EXAMPLE)}>
          Take the example
        </button>
      )}
      <ProblemNote state={state} field="response_format" id="schema-problem" />
    </details>
  );
}
