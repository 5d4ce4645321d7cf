import { useRef, useState } from 'preact/hooks';
import { type Token, tokenTexts } from '../client/token.ts';
import { tint } from '../state/surprisal.ts';
import { percent } from './number-formats.ts';

interface Props {
  /** Text before the first token. */
  lead?: string;
  tokens: readonly Token[];
  /** Positions of the tokens that the reader chose. */
  chosenAt: readonly number[];
  endIds: readonly number[];
  /** Position of the token whose alternatives are shown. */
  selected: number | null;
  /** Whether more tokens are coming. */
  isGrowing: boolean;
  onSelect: (index: number) => void;
}

/** Keys that move along the tokens, and by how many. */
const STEPS: Record<string, number> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  ArrowUp: -10,
  ArrowDown: 10,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
};

/**
 * Shows tokens as running text, each of them a button. The text is one stop of the Tab key; arrow keys move within it.
 */
export function TokenFlow({ lead, tokens, chosenAt, endIds, selected, isGrowing, onSelect }: Props) {
  /** The token that had the focus last, to which Tab returns. */
  const [current, setCurrent] = useState(0);
  const flow = useRef<HTMLDivElement>(null);
  const texts = tokenTexts(tokens.map(({ label }) => label));
  const reachable = Math.min(selected ?? current, tokens.length - 1);

  const focus = (index: number) => {
    setCurrent(index);
    flow.current?.querySelector<HTMLElement>(`[data-index="${index}"]`)?.focus();
  };
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
      // The next press of Tab then reaches the alternatives.
      document.getElementById('inspector')?.focus();
    }
    if (event.key in STEPS) {
      event.preventDefault();
      focus(Math.max(0, Math.min(tokens.length - 1, index + STEPS[event.key])));
    }
  };

  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields of a form
    <div class="flow" role="group" aria-label="Tokens" aria-busy={isGrowing} ref={flow} onClick={onClick} onKeyDown={onKeyDown}>
      {lead && <span class="lead">{lead}</span>}
      {tokens.map((token, index) => (
        <TokenButton
          key={index}
          index={index}
          token={token}
          text={texts[index]}
          isFirst={index === 0 && !lead}
          isEnd={endIds.includes(token.id)}
          isChosen={chosenAt.includes(index)}
          isSelected={index === selected}
          isReachable={index === reachable}
        />
      ))}
      {isGrowing && <span class="caret" aria-hidden="true" />}
    </div>
  );
}

interface TokenProps {
  index: number;
  token: Token;
  /** The text that the token completes. */
  text: string;
  isFirst: boolean;
  isEnd: boolean;
  isChosen: boolean;
  isSelected: boolean;
  isReachable: boolean;
}

function TokenButton({ index, token, text, isFirst, isEnd, isChosen, isSelected, isReachable }: TokenProps) {
  const [, space, word] = /^( ?)(.*)$/s.exec(text)!;
  return (
    <>
      {/* A space before a word stays outside of the button: where a line breaks, no tinted space hangs at its end. */}
      {word !== '' && !isFirst ? space : ''}
      {/* biome-ignore lint/a11y/useSemanticElements: a button element is a box, and would not break across lines */}
      <span
        role="button"
        class={`token${isEnd ? ' end' : ''}${isChosen ? ' chosen' : ''}`}
        tabIndex={isReachable ? 0 : -1}
        data-index={index}
        data-id={token.id}
        aria-pressed={isSelected}
        aria-label={spokenName(token, text, isEnd)}
        title={token.logprob === null ? undefined : percent(Math.exp(token.logprob))}
        style={{ '--tint': tint(token.logprob).toFixed(3) }}
      >
        {isEnd ? 'end of text' : visible(word || space)}
      </span>
    </>
  );
}

/** The position of the token that an event is on. */
function indexOf({ target }: Event): number | null {
  const index = (target as HTMLElement).dataset.index;
  return index === undefined ? null : Number(index);
}

/** A line break and a part of a character get a sign, so that there is something to click. */
const visible = (text: string): string => (text === '' ? '·' : text.replaceAll('\n', '↵\n'));

/** What a screen reader says. */
function spokenName({ label, logprob }: Token, text: string, isEnd: boolean): string {
  const name = isEnd ? 'end of text' : text.trim() || (text === '' ? label : text.includes('\n') ? 'line break' : 'space');
  return logprob === null ? name : `${name}, ${percent(Math.exp(logprob))}`;
}
