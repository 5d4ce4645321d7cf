import { pathOf, type Turn } from '../state/conversation.ts';
import { endIdsOf } from '../state/playground-state.ts';
import { PathList } from './path-list.tsx';
import { TokenFlow } from './token-flow.tsx';
import type { ViewProps } from './view-props.ts';

interface Props extends ViewProps {
  turn: Turn;
  index: number;
  /** Text that the answer goes on from. */
  lead?: string;
}

/** What the model made of a turn: its tokens, and the other ways that were gone. */
export function Answer({ playground, state, turn, index, lead }: Props) {
  const { tokens, taken } = pathOf(turn);
  const isLast = index === state.conversations[state.mode].turns.length - 1;
  return (
    <>
      <TokenFlow
        lead={lead}
        tokens={tokens}
        taken={taken}
        endIds={endIdsOf(state)}
        selected={state.selection?.turn === index ? state.selection.token : null}
        isGrowing={state.isRunning && isLast}
        onSelect={(token) => playground.select(index, token)}
      />
      <PathList playground={playground} turn={turn} index={index} />
    </>
  );
}
