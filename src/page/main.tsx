import { options, render } from 'preact';
import { App } from './components/app.tsx';
import { Playground } from './state/playground.ts';
import { startPlayground } from './state/start-playground.ts';

// Tokens come faster than a screen can show them: draw once for each frame, and in a hidden tab not never.
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
// A link that is opened where the page is open already.
addEventListener('hashchange', () => location.reload());
