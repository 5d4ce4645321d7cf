import type { Call } from '../state/conversation.ts';

/** The call of a tool: its name, and its arguments one below the other once they are whole. */
export function CallCard({ name, arguments: text }: Call) {
  return (
    <section class="call" aria-label={`Call of ${name}`}>
      <h3>{name}</h3>
      <pre>{indented(text)}</pre>
    </section>
  );
}

function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
