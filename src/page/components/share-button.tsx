import { useState } from 'preact/hooks';
import { currentBranch } from '../state/conversation.ts';
import type { ViewProps } from '../state/playground.ts';
import { conversationOf, type PlaygroundState } from '../state/playground-state.ts';
import { toFragment } from '../state/share-link.ts';
import { copyText } from './code-dialog.tsx';

/** How long the button says what it did. */
const MESSAGE_MS = 2500;

/** Puts a link that restores the page into the address bar and on the clipboard. */
export function ShareButton({ playground, state }: ViewProps) {
  const [message, setMessage] = useState('');
  const share = async () => {
    history.replaceState(null, '', `#${fragmentOf(state)}`);
    // As the browser gives it back, which may escape more characters.
    playground.set({ fragment: location.hash.slice(1) });
    const done = (await copyText(location.href)) ? 'Link copied' : 'Link in the address bar';
    setMessage(done);
    playground.set({ announcement: `${done}.` });
    setTimeout(() => setMessage(''), MESSAGE_MS);
  };
  return (
    <button type="button" class="quiet" onClick={share}>
      {message || 'Share'}
    </button>
  );
}

function fragmentOf(state: PlaygroundState): string {
  const { mode, modelId: model, fields } = state;
  const [system, schema] = mode === 'chat' ? [state.system, state.schema] : ['', ''];
  const questions = mode === 'decide' ? state.questions : [];
  const { draft, turns } = conversationOf(state);
  const shared = turns.map((turn) => ({ text: turn.text, seed: turn.seed, ids: currentBranch(turn).tokens.map(({ id }) => id) }));
  return toFragment({ mode, model, draft, system, schema, questions, turns: shared, fields });
}
