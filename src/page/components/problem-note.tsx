import type { PlaygroundState } from '../playground-state.ts';

interface Props {
  state: PlaygroundState;
  /** Shows the problem of this place alone. */
  field: string | null;
  id?: string;
}

/** An error, in the server's words, at its place. */
export function ProblemNote({ state: { problem }, field, id }: Props) {
  if (!problem || problem.field !== field) return null;
  return (
    <p class="problem" role="alert" id={id}>
      {problem.message}
    </p>
  );
}
