import { options, render } from 'preact';
import { App } from './components/app.tsx';
import { Playground } from './state/playground.ts';
import { startPlayground } from './state/start-playground.ts';

// Tokens may come faster than a screen shows them, so the page is drawn once for each frame. A hidden tab has no
// frames; a timer keeps its page up to date.
options.debounceRendering = (draw) => {
  if (document.hidden) setTimeout(draw, 100);
  else requestAnimationFrame(draw);
};

const root = document.getElementById('page')!;
const playground = new Playground(draw);

function draw(): void {
  render(<App playground={playground} state={playground.state} licences={root.dataset.licences ?? ''} />, root);
}

draw();
startPlayground(playground, location.hash.slice(1));
// A shared link that is opened in this tab changes only the fragment, so the page has to reload to restore it.
addEventListener('hashchange', () => location.reload());
