import { useEffect } from 'preact/hooks';
import type { ViewProps } from '../state/playground.ts';
import { ChatSheet } from './chat-sheet.tsx';
import { CompletionSheet } from './completion-sheet.tsx';
import { DecideSheet } from './decide-sheet.tsx';
import { Footer } from './footer.tsx';
import { Header } from './header.tsx';
import { Inspector } from './inspector.tsx';
import { LoadState } from './load-state.tsx';
import { ModeSwitch, NoChatNote } from './mode-switch.tsx';
import { ModelCard } from './model-card.tsx';
import { ParametersCard } from './parameters-card.tsx';
import { ProblemNote } from './problem-note.tsx';

/** The whole page. */
export function App({ playground, state, licences }: ViewProps & { licences: string }) {
  useEffect(() => {
    const stopOnEscape = ({ key }: KeyboardEvent) => {
      if (key === 'Escape' && !document.querySelector('dialog[open]')) playground.stop();
    };
    addEventListener('keydown', stopOnEscape);
    return () => removeEventListener('keydown', stopOnEscape);
  }, [playground]);
  const view = { playground, state };
  return (
    <>
      <Header />
      <main>
        <div class="intro">
          <h1>A language model that shows its hand.</h1>
          <p>
            It runs inside the Worker that served this page. Every token it writes is tinted by how surprising it was. Pick one to see what
            else it could have been, choose an alternative, and continue from there.
          </p>
        </div>
        <div class="column">
          <section class="sheet" aria-label="Playground">
            <div class="head">
              <ModeSwitch {...view} />
              <LoadState state={state} />
            </div>
            <NoChatNote state={state} />
            <ProblemNote state={state} field="link" />
            {state.mode === 'decide' ? (
              <DecideSheet {...view} />
            ) : state.mode === 'chat' ? (
              <ChatSheet {...view} />
            ) : (
              <CompletionSheet {...view} />
            )}
          </section>
          {state.mode !== 'decide' && <ParametersCard {...view} />}
        </div>
        <div class="column">
          {state.mode !== 'decide' && <Inspector {...view} />}
          <ModelCard {...view} />
        </div>
      </main>
      <Footer licences={licences} />
      <p class="visually-hidden" role="status">
        {state.announcement}
      </p>
    </>
  );
}
