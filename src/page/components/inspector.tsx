import { useEffect, useRef } from 'preact/hooks';
import { type Path, pathOf } from '../state/conversation.ts';
import type { Alternative, Distribution } from '../state/distribution.ts';
import { conversationOf } from '../state/playground-state.ts';
import { percent } from '../state/surprisal.ts';
import { tokenTexts } from '../state/token-texts.ts';
import { ProblemNote } from './problem-note.tsx';
import type { ViewProps } from './view-props.ts';

/** Characters of the text before that say where in it the token stands. */
const BEFORE = 28;

/** What the chosen token was drawn from, each alternative to be taken. */
export function Inspector({ playground, state }: ViewProps) {
  const { selection } = state;
  const region = useRef<HTMLElement>(null);
  const place = selection && `${selection.turn}.${selection.token}`;
  useEffect(() => {
    if (!place) return;
    region.current?.scrollTo({ top: 0 });
    // On a small screen the candidates cover the lower half.
    document.querySelector('.token[aria-pressed="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [place]);
  const turn = selection && conversationOf(state).turns[selection.turn];
  const leave = () => {
    document.querySelector<HTMLElement>('.token[aria-pressed="true"]')?.focus();
    playground.unselect();
  };
  return (
    <section
      class={`card inspector${selection ? ' open' : ''}`}
      id="inspector"
      tabIndex={-1}
      aria-labelledby="inspector-title"
      ref={region}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && selection) {
          event.stopPropagation();
          leave();
        }
      }}
    >
      <div class="bar">
        <h2 id="inspector-title">What it was drawn from</h2>
        {selection && (
          <button type="button" class="quiet" onClick={leave}>
            Close
          </button>
        )}
      </div>
      <ProblemNote state={state} field="distribution" />
      {selection && turn ? (
        <>
          <Place path={pathOf(turn)} token={selection.token} lead={state.mode === 'completion' ? turn.text : ''} />
          {selection.distribution ? (
            <Alternatives
              distribution={selection.distribution}
              drawn={pathOf(turn).tokens[selection.token].id}
              onTake={(alternative) => {
                playground.take(selection.turn, selection.token, alternative);
                focusToken(selection.token);
              }}
            />
          ) : (
            state.problem?.field !== 'distribution' && <p class="hint">Asking the model …</p>
          )}
        </>
      ) : (
        <p class="hint">Pick any token of the text: the model’s other candidates appear here, each a way to go on.</p>
      )}
    </section>
  );
}

/** The token that was taken, once it is drawn: where the reader was is gone. */
function focusToken(index: number): void {
  requestAnimationFrame(() => [...document.querySelectorAll<HTMLElement>(`[data-index="${index}"]`)].at(-1)?.focus());
}

function Place({ path, token, lead }: { path: Path; token: number; lead: string }) {
  const texts = tokenTexts(path.tokens.slice(0, token).map(({ label }) => label));
  const before = lead + texts.join('');
  // Cut between words.
  const end = before.length > BEFORE ? before.slice(-BEFORE).replace(/^\S*/, '…') : before;
  return (
    <p class="place">
      {end}
      <span class="gap" />
    </p>
  );
}

interface AlternativesProps {
  distribution: Distribution;
  drawn: number;
  onTake: (alternative: Alternative) => void;
}

function Alternatives({ distribution: { alternatives, restCount, restProbability }, drawn, onTake }: AlternativesProps) {
  return (
    <ol class="alternatives">
      {alternatives.map((alternative) => {
        const { id, probability, end_of_sequence } = alternative;
        const isDrawn = id === drawn;
        const name = nameOf(alternative);
        return (
          <li key={id} style={{ '--share': `${(probability * 100).toFixed(2)}%` }}>
            <button
              type="button"
              class={isDrawn ? 'drawn' : undefined}
              aria-current={isDrawn ? 'true' : undefined}
              onClick={() => isDrawn || onTake(alternative)}
            >
              {!isDrawn && <span class="visually-hidden">Take </span>}
              <span class={end_of_sequence ? 'name end' : 'name'}>{name}</span>
              {isDrawn && <span class="mark">drawn</span>}
              <span class="percent">{percent(probability)}</span>
            </button>
          </li>
        );
      })}
      {restCount > 0 && (
        <li class="rest" style={{ '--share': `${(restProbability * 100).toFixed(2)}%` }}>
          <div>
            <span class="name">{restCount.toLocaleString('en')} others</span>
            <span class="percent">{percent(restProbability)}</span>
          </div>
        </li>
      )}
    </ol>
  );
}

/** Spaces are what tells many tokens apart, so they are seen. */
const nameOf = ({ token, end_of_sequence }: Alternative): string =>
  end_of_sequence ? 'end of text' : token.replaceAll(' ', '·').replaceAll('\n', '↵').replaceAll('\t', '→') || '(nothing)';
