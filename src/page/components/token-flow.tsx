import { useRef, useState } from 'preact/hooks';
import { percent, surprise } from '../state/surprisal.ts';
import type { Token } from '../state/token.ts';
import { tokenTexts } from '../state/token-texts.ts';

interface Props {
  lead?: string;
  tokens: readonly Token[];
  taken: readonly number[];
  endIds: readonly number[];
  selected: number | null;
  isGrowing: boolean;
  onSelect: (index: number) => void;
}

/** Keys that move along the tokens, by how far. */
const STEPS: Record<string, number> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  ArrowUp: -10,
  ArrowDown: 10,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
};

/** Tokens as running text, each a button. Tab reaches the text as one, arrow keys go along it. */
export function TokenFlow({ lead, tokens, taken, endIds, selected, isGrowing, onSelect }: Props) {
  const [current, setCurrent] = useState(0);
  const flow = useRef<HTMLDivElement>(null);
  const texts = tokenTexts(tokens.map(({ label }) => label));
  const reachable = Math.min(selected ?? current, tokens.length - 1);

  const onClick = (event: MouseEvent) => {
    const index = indexOf(event);
    if (index === null) return;
    setCurrent(index);
    onSelect(index);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const index = indexOf(event);
    if (index === null) return;
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      onSelect(index);
      // Who has no pointer goes on among the alternatives.
      document.getElementById('inspector')?.focus();
    }
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(tokens.length - 1, index + step));
    setCurrent(next);
    flow.current?.querySelector<HTMLElement>(`[data-index="${next}"]`)?.focus();
  };

  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields of a form
    <div class="flow" role="group" aria-label="Tokens" aria-busy={isGrowing} ref={flow} onClick={onClick} onKeyDown={onKeyDown}>
      {lead && <span class="lead">{lead}</span>}
      {tokens.map((token, index) => {
        const isEnd = endIds.includes(token.id);
        const [, space, word] = /^( ?)(.*)$/s.exec(texts[index])!;
        // A space before a word is not tinted, and not left hanging in colour where the line breaks.
        return [
          word !== '' && (index > 0 || lead) ? space : '',
          // biome-ignore lint/a11y/useSemanticElements: a button element is a box, and would not break across lines
          <span
            key={index}
            role="button"
            class={`token${isEnd ? ' end' : ''}${taken.includes(index) ? ' taken' : ''}`}
            tabIndex={index === reachable ? 0 : -1}
            data-index={index}
            data-id={token.id}
            aria-pressed={index === selected}
            aria-label={spoken(token, texts[index], isEnd)}
            title={token.logprob === null ? undefined : percent(Math.exp(token.logprob))}
            style={{ '--surprise': surprise(token.logprob).toFixed(3) }}
          >
            {isEnd ? 'end of text' : shown(word || space)}
          </span>,
        ];
      })}
      {isGrowing && <span class="caret" aria-hidden="true" />}
    </div>
  );
}

/** Which token an event is on. */
function indexOf({ target }: Event): number | null {
  const index = (target as HTMLElement).dataset.index;
  return index === undefined ? null : Number(index);
}

/** A line break gets a sign to press; so does a part of a character. */
const shown = (text: string): string => (text === '' ? '·' : text.replaceAll('\n', '↵\n'));

function spoken({ label, logprob }: Token, text: string, isEnd: boolean): string {
  const name = isEnd ? 'end of text' : text.trim() || (text === '' ? label : text.includes('\n') ? 'line break' : 'space');
  return logprob === null ? name : `${name}, ${percent(Math.exp(logprob))}`;
}
