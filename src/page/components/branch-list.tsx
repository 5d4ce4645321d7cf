import type { Branch, Turn } from '../state/conversation.ts';
import type { Playground } from '../state/playground.ts';

interface Props {
  playground: Playground;
  turn: Turn;
  index: number;
}

/** The branches of an answer, to switch between. It is shown as soon as there is more than one. */
export function BranchList({ playground, turn, index }: Props) {
  if (turn.branches.length < 2) return null;
  return (
    <ul class="branches" aria-label="Branches of this text">
      {turn.branches.map((branch, number) => (
        <li key={number}>
          <button type="button" aria-pressed={number === turn.current} onClick={() => playground.showBranch(index, number)}>
            {number + 1} <span>{nameOf(branch)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

/** A branch is named after the alternative that the reader chose last. */
function nameOf({ chosenAt, tokens }: Branch): string {
  const last = chosenAt.at(-1);
  return last === undefined ? 'original' : `“${tokens[last].label.trim() || '↵'}” at token ${last + 1}`;
}
