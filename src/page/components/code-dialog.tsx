import { useEffect, useRef, useState } from 'preact/hooks';
import { type CodeSample, codeSamples } from '../state/code-samples.ts';
import { conversationOf, type PlaygroundState } from '../state/playground-state.ts';
import { requestFor } from '../state/requests.ts';

/** The request as code in several languages, to copy. */
export function CodeDialog({ state, onClose }: { state: PlaygroundState; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [chosen, setChosen] = useState(0);
  const [message, setMessage] = useState('Copy');
  useEffect(() => dialog.current?.showModal(), []);
  const samples = samplesFor(state);
  const choose = (index: number) => {
    setChosen(index);
    setMessage('Copy');
  };
  const copy = async () => setMessage((await copyText(samples[chosen].code)) ? 'Copied' : 'Select the text to copy it');
  return (
    <dialog ref={dialog} class="code" aria-labelledby="code-title" onClose={onClose}>
      <div class="bar">
        <h2 id="code-title">This request as code</h2>
        <button type="button" class="quiet" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
      <fieldset class="switch">
        <legend class="visually-hidden">Write the code for</legend>
        {samples.map(({ name }, index) => (
          <label key={name}>
            <input type="radio" name="sample" checked={index === chosen} onChange={() => choose(index)} />
            <span>{name}</span>
          </label>
        ))}
      </fieldset>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a keyboard must reach what scrolls */}
      <pre tabIndex={0}>{samples[chosen].code}</pre>
      <button type="button" class="primary" onClick={copy}>
        {message}
      </button>
      <span class="visually-hidden" role="status">
        {message === 'Copy' ? '' : message}
      </span>
    </dialog>
  );
}

const PATHS = { completion: '/v1/completions', chat: '/v1/chat/completions', decide: '/v1/decisions' } as const;

function samplesFor(state: PlaygroundState): CodeSample[] {
  const { turns, draft } = conversationOf(state);
  const isChat = state.mode === 'chat';
  // If nothing is typed in a chat, the samples show the request for its last message.
  const last = isChat && draft === '' ? turns.at(-1) : undefined;
  const body = last ? requestFor(state, turns.slice(0, -1), last.text) : requestFor(state, isChat ? turns : [], draft);
  return codeSamples({ origin: location.origin, path: PATHS[state.mode], body });
}

/** Puts text on the clipboard; false if the browser does not allow it. */
export async function copyText(text: string): Promise<boolean> {
  return navigator.clipboard?.writeText(text).then(
    () => true,
    () => false,
  );
}
