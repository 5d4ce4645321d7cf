import type { Path, Turn } from '../state/conversation.ts';
import type { Playground } from '../state/playground.ts';

interface Props {
  playground: Playground;
  turn: Turn;
  index: number;
}

/** The ways that an answer went, once there is more than one. */
export function PathList({ playground, turn, index }: Props) {
  if (turn.paths.length < 2) return null;
  return (
    <ul class="paths" aria-label="Ways that this text went">
      {turn.paths.map((path, number) => (
        <li key={number}>
          <button type="button" aria-pressed={number === turn.current} onClick={() => playground.showPath(index, number)}>
            {number + 1} <span>{nameOf(path)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function nameOf({ taken, tokens }: Path): string {
  const last = taken.at(-1);
  return last === undefined ? 'as drawn' : `“${tokens[last].label.trim() || '↵'}” at ${last + 1}`;
}
