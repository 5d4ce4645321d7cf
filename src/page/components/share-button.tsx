import { useState } from 'preact/hooks';
import { pathOf } from '../state/conversation.ts';
import { conversationOf } from '../state/playground-state.ts';
import { toFragment } from '../state/share-link.ts';
import { copyText } from './copy-text.ts';
import type { ViewProps } from './view-props.ts';

/** The link that brings all of this back, put into the address and on the clipboard. */
export function ShareButton({ playground, state }: ViewProps) {
  const [said, setSaid] = useState('');
  const share = async () => {
    const { draft, turns } = conversationOf(state);
    const shared = turns.map((turn) => ({ text: turn.text, seed: turn.seed, ids: pathOf(turn).tokens.map(({ id }) => id) }));
    history.replaceState(
      null,
      '',
      `#${toFragment({ mode: state.mode, model: state.modelId, draft, turns: shared, fields: state.fields })}`,
    );
    const said = (await copyText(location.href)) ? 'Link copied' : 'Link in the address bar';
    setSaid(said);
    playground.set({ announcement: `${said}.` });
    setTimeout(() => setSaid(''), 2500);
  };
  return (
    <button type="button" class="quiet" onClick={share}>
      {said || 'Share'}
    </button>
  );
}
