import { useEffect, useRef, useState } from 'preact/hooks';
import { codeSamples } from '../state/code-samples.ts';
import { conversationOf } from '../state/playground-state.ts';
import { copyText } from './copy-text.ts';
import type { ViewProps } from './view-props.ts';

/** The request as code, to take along. */
export function CodeDialog({ playground, state, onClose }: ViewProps & { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [chosen, setChosen] = useState(0);
  const [said, setSaid] = useState('Copy');
  useEffect(() => dialog.current?.showModal(), []);
  const { turns, draft } = conversationOf(state);
  const isChat = state.mode === 'chat';
  // A chat in which nothing is typed has its last message to show.
  const last = isChat && draft === '' ? turns.at(-1) : undefined;
  const body = last ? playground.requestFor(turns.slice(0, -1), last.text) : playground.requestFor(isChat ? turns : [], draft);
  const samples = codeSamples({ origin: location.origin, path: isChat ? '/v1/chat/completions' : '/v1/completions', body });
  const copy = async () => setSaid((await copyText(samples[chosen].code)) ? 'Copied' : 'Select the text to copy it');
  return (
    <dialog ref={dialog} class="code" aria-labelledby="code-title" onClose={onClose}>
      <div class="bar">
        <h2 id="code-title">This request as code</h2>
        <button type="button" class="quiet" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
      <fieldset class="switch">
        <legend class="visually-hidden">Written for</legend>
        {samples.map(({ name }, index) => (
          <label key={name}>
            <input
              type="radio"
              name="sample"
              checked={index === chosen}
              onChange={() => {
                setChosen(index);
                setSaid('Copy');
              }}
            />
            <span>{name}</span>
          </label>
        ))}
      </fieldset>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <pre tabIndex={0}>{samples[chosen].code}</pre>
      <button type="button" class="primary" onClick={copy}>
        {said}
      </button>
      <span class="visually-hidden" role="status">
        {said === 'Copy' ? '' : said}
      </span>
    </dialog>
  );
}
