import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { PlaygroundState } from '../state/playground-state.ts';

interface Props {
  state: PlaygroundState;
  /** The place where this note stands. It shows no problem of another place. */
  field: string | null;
  id?: string;
  /** What the reader can do about it. */
  children?: ComponentChildren;
}

/** An error message, in the server's words, next to what it is about. */
export function ProblemNote({ state: { problem }, field, id, children }: Props) {
  if (!problem || problem.field !== field) return null;
  return (
    <Note message={problem.message} id={id}>
      {children}
    </Note>
  );
}

/** A message that the reader must see: it is scrolled into view when it appears. */
export function Note({ message, id, children }: { message: string; id?: string; children?: ComponentChildren }) {
  const note = useRef<HTMLDivElement>(null);
  useEffect(() => note.current?.scrollIntoView({ block: 'nearest' }), [message]);
  return (
    <div class="problem" ref={note}>
      <p role="alert" id={id}>
        {message}
      </p>
      {children}
    </div>
  );
}
