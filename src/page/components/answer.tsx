import { currentBranch, type Turn } from '../state/conversation.ts';
import type { ViewProps } from '../state/playground.ts';
import { endIdsOf } from '../state/playground-state.ts';
import { BranchList } from './branch-list.tsx';
import { CallCard } from './call-card.tsx';
import { TokenFlow } from './token-flow.tsx';

interface Props extends ViewProps {
  turn: Turn;
  index: number;
  /** The text that the answer continues, shown before it. */
  lead?: string;
}

/** The model's answer in one turn: the tokens of the current branch, and the list of branches. */
export function Answer({ playground, state, turn, index, lead }: Props) {
  const { tokens, calls, chosenAt } = currentBranch(turn);
  const isLast = index === state.conversations[state.mode].turns.length - 1;
  return (
    <>
      <BranchList playground={playground} turn={turn} index={index} />
      <TokenFlow
        lead={lead}
        tokens={tokens}
        chosenAt={chosenAt}
        endIds={endIdsOf(state)}
        selected={state.selection?.turn === index ? state.selection.token : null}
        isGrowing={state.isRunning && isLast}
        onSelect={(token) => playground.select(index, token)}
      />
      {calls.map((call, place) => (
        <CallCard key={place} {...call} />
      ))}
    </>
  );
}
