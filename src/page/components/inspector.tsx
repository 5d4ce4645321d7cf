import { useEffect, useRef } from 'preact/hooks';
import { tokenTexts } from '../client/token.ts';
import { currentBranch, type Turn } from '../state/conversation.ts';
import type { Alternative, Distribution } from '../state/distribution.ts';
import type { ViewProps } from '../state/playground.ts';
import { conversationOf, type Selection } from '../state/playground-state.ts';
import { percent, shareOf } from './number-formats.ts';
import { ProblemNote } from './problem-note.tsx';

/** How many characters of the text before the selected token are shown, so that the reader sees where it stands. */
const CONTEXT_LENGTH = 28;

/** The alternatives to the selected token, to continue from one of them. */
export function Inspector({ playground, state }: ViewProps) {
  const { selection } = state;
  const region = useRef<HTMLElement>(null);
  const place = selection && `${selection.turn}.${selection.token}`;
  useEffect(() => {
    if (!place) return;
    region.current?.scrollTo({ top: 0 });
    // On a small screen the inspector covers the lower half, and must not hide the token.
    selectedToken()?.scrollIntoView({ block: 'nearest' });
  }, [place]);
  const turn = selection && conversationOf(state).turns[selection.turn];
  const close = () => {
    selectedToken()?.focus();
    playground.unselect();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !selection) return;
    // Elsewhere, Escape stops the generation.
    event.stopPropagation();
    close();
  };
  return (
    <section
      class={`card inspector${selection ? ' open' : ''}`}
      id="inspector"
      tabIndex={-1}
      aria-labelledby="inspector-title"
      ref={region}
      onKeyDown={onKeyDown}
    >
      <div class="bar">
        <h2 id="inspector-title">Alternatives</h2>
        {selection && (
          <button type="button" class="quiet" onClick={close}>
            Close
          </button>
        )}
      </div>
      <ProblemNote state={state} field="distribution" />
      {selection && turn ? (
        <SelectedToken playground={playground} state={state} selection={selection} turn={turn} />
      ) : (
        <p class="hint">
          Pick a token in the text to see the other tokens that the model considered. Choose one of them to continue from it.
        </p>
      )}
    </section>
  );
}

const selectedToken = () => document.querySelector<HTMLElement>('.token[aria-pressed="true"]');

function SelectedToken({ playground, state, selection, turn }: ViewProps & { selection: Selection; turn: Turn }) {
  const { token: position, distribution } = selection;
  const { tokens } = currentBranch(turn);
  const texts = tokenTexts(tokens.slice(0, position).map(({ label }) => label));
  const choose = (alternative: Alternative) => {
    playground.chooseAlternative(selection.turn, position, alternative);
    focusToken(position);
  };
  return (
    <>
      <p class="place">
        {endOf((state.mode === 'completion' ? turn.text : '') + texts.join(''))}
        <span class="gap" />
      </p>
      {distribution ? (
        <Alternatives distribution={distribution} current={tokens[position].id} isFormed={turn.format !== undefined} onChoose={choose} />
      ) : (
        state.problem?.field !== 'distribution' && <p class="hint">Asking the model …</p>
      )}
    </>
  );
}

/** The end of a text, cut between words. */
const endOf = (text: string): string => (text.length > CONTEXT_LENGTH ? text.slice(-CONTEXT_LENGTH).replace(/^\S*/, '…') : text);

/** Moves the focus to the token that was chosen, once it is drawn, because the button that had the focus is gone. */
function focusToken(index: number): void {
  requestAnimationFrame(() => [...document.querySelectorAll<HTMLElement>(`[data-index="${index}"]`)].at(-1)?.focus());
}

interface AlternativesProps {
  distribution: Distribution;
  /** Id of the token that stands in the text. */
  current: number;
  /** Whether the answer must have a form; then it cannot be continued from another token. */
  isFormed: boolean;
  onChoose: (alternative: Alternative) => void;
}

function Alternatives({ distribution: { alternatives, restCount, restProbability }, current, isFormed, onChoose }: AlternativesProps) {
  // On a small screen this row stays in sight, whatever its rank: it says how near the text is to its end.
  const end = alternatives.findIndex(({ end_of_sequence }) => end_of_sequence);
  return (
    <ol class="alternatives">
      {alternatives.map((alternative, index) => {
        const { id, probability, end_of_sequence, allowed = true } = alternative;
        const isCurrent = id === current;
        return (
          <li key={id} class={index === end ? 'pinned' : undefined} style={shareOf(probability)}>
            <button
              type="button"
              class={isCurrent ? 'current' : allowed ? undefined : 'forbidden'}
              disabled={!allowed}
              aria-disabled={isFormed && !isCurrent ? 'true' : undefined}
              aria-current={isCurrent ? 'true' : undefined}
              onClick={() => isCurrent || isFormed || onChoose(alternative)}
            >
              {!isCurrent && !isFormed && <span class="visually-hidden">Choose </span>}
              <span class={end_of_sequence ? 'name end' : 'name'}>{nameOf(alternative)}</span>
              {isCurrent && <span class="mark">in the text</span>}
              {!allowed && <span class="mark">not allowed here</span>}
              <span class="percent">{percent(probability)}</span>
            </button>
          </li>
        );
      })}
      {restCount > 0 && (
        <li class="rest" style={shareOf(restProbability)}>
          <div>
            <span class="name">{restCount.toLocaleString('en')} others</span>
            <span class="percent">{percent(restProbability)}</span>
          </div>
        </li>
      )}
      {isFormed && <li class="hint">The answer has a form, so it cannot be continued from another token.</li>}
    </ol>
  );
}

/** Many tokens differ only by a space, so spaces and line breaks are made visible. */
const nameOf = ({ token, end_of_sequence }: Alternative): string =>
  end_of_sequence ? 'end of text' : token.replaceAll(' ', '·').replaceAll('\n', '↵').replaceAll('\t', '→') || '(nothing)';
