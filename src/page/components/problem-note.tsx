import { useEffect, useRef } from 'preact/hooks';
import type { PlaygroundState } from '../state/playground-state.ts';

interface Props {
  state: PlaygroundState;
  /** The place where this note stands. It shows no problem of another place. */
  field: string | null;
  id?: string;
}

/** An error message, in the server's words, next to what it is about. */
export function ProblemNote({ state: { problem }, field, id }: Props) {
  if (!problem || problem.field !== field) return null;
  return <Note message={problem.message} id={id} />;
}

function Note({ message, id }: { message: string; id?: string }) {
  const note = useRef<HTMLParagraphElement>(null);
  useEffect(() => note.current?.scrollIntoView({ block: 'nearest' }), [message]);
  return (
    <p class="problem" role="alert" id={id} ref={note}>
      {message}
    </p>
  );
}
