import type { Playground } from './playground.ts';
import { startModels, startPlayground } from './start-playground.ts';

/** How often the page asks whether the server is there, and how often once it is not. */
const ASK_EVERY_MS = 5_000;
const ASK_AGAIN_EVERY_MS = 2_000;
/** An answer that takes longer than this is no answer. A server that is busy answers /health within a moment. */
const PATIENCE_MS = 8_000;
/** A page that nobody has touched for so long does not ask: a deployed Worker's requests are counted and paid for. */
const IDLE_AFTER_MS = 5 * 60_000;

/**
 * Keeps up with the server. When it does not answer any more, or a request of the page did not reach it, the page says
 * so; when it answers again, the page lists the models and has the chosen one loaded, since it may be another server.
 */
export function watchServer(playground: Playground): void {
  let lastTouched = Date.now();
  for (const event of ['pointerdown', 'pointermove', 'keydown', 'scroll', 'visibilitychange'])
    addEventListener(event, () => (lastTouched = Date.now()), { passive: true, capture: true });
  const tick = async () => {
    const isWatched = !document.hidden && Date.now() - lastTouched < IDLE_AFTER_MS;
    if (isWatched) await checkServer(playground);
    setTimeout(tick, playground.state.isServerGone ? ASK_AGAIN_EVERY_MS : ASK_EVERY_MS);
  };
  setTimeout(tick, ASK_EVERY_MS);
}

async function checkServer(playground: Playground): Promise<void> {
  // Tokens that arrive say it too.
  if (playground.state.isRunning) return;
  const isThere = await answersHealth();
  if (!isThere) return playground.set({ isServerGone: true });
  const { isServerGone, models } = playground.state;
  if (isServerGone) playground.serverReturned();
  // A server that has just started may answer before its models are in the bucket.
  if (models.length === 0) await startPlayground(playground, playground.state.fragment);
  else if (isServerGone) await startModels(playground);
}

const answersHealth = () =>
  fetch('/health', { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS) }).then(
    ({ ok }) => ok,
    () => false,
  );
