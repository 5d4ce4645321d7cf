/** Where Turnstile's script comes from. The policy of the page allows it only where the deployment has a site key. */
const SCRIPT = 'https://challenges.cloudflare.com/turnstile/v0/api.js?render=explicit';
/** Where the tab keeps its pass. */
const STORED = 'gpt-edge-pass';

/** The part of Turnstile's script that is used. */
interface TurnstileWidget {
  render(
    element: HTMLElement,
    options: { sitekey: string; callback: (token: string) => void; 'error-callback': () => void },
  ): string | undefined;
  remove(id: string): void;
}

declare global {
  var turnstile: TurnstileWidget | undefined;
}

let solving: Promise<boolean> | undefined;

/** The header with this tab's pass, if it has one. */
export function passHeader(): Record<string, string> {
  const pass = sessionStorage.getItem(STORED);
  return pass === null ? {} : { authorization: `Bearer ${pass}` };
}

/**
 * Gets a pass, if the deployment asks people without a key to solve a challenge. Requests that need one at the same
 * time wait for the same one.
 * @returns whether there is a new pass
 */
export function solveChallenge(): Promise<boolean> {
  solving ??= newPass().finally(() => {
    solving = undefined;
  });
  return solving;
}

async function newPass(): Promise<boolean> {
  const answer = await fetch('/turnstile').catch(() => null);
  if (!answer?.ok) return false;
  const { site_key } = (await answer.json()) as { site_key: string };
  const token = await solve(site_key).catch(() => null);
  if (token === null) return false;
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ token }) };
  const exchanged = await fetch('/turnstile', init).catch(() => null);
  if (!exchanged?.ok) return false;
  sessionStorage.setItem(STORED, ((await exchanged.json()) as { pass: string }).pass);
  return true;
}

/** Shows the widget until its challenge is solved. Most readers need not do anything. */
async function solve(sitekey: string): Promise<string> {
  await loadScript();
  const place = document.createElement('div');
  place.className = 'challenge';
  place.setAttribute('role', 'dialog');
  place.setAttribute('aria-label', 'A check that you are not a program');
  document.body.append(place);
  let id: string | undefined;
  try {
    return await new Promise<string>((resolve, reject) => {
      id = turnstile!.render(place, { sitekey, callback: resolve, 'error-callback': () => reject(new Error('not solved')) });
    });
  } finally {
    if (id !== undefined) turnstile!.remove(id);
    place.remove();
  }
}

function loadScript(): Promise<void> {
  if (globalThis.turnstile) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = SCRIPT;
    script.onload = () => resolve();
    script.onerror = () => reject(new Error('not loaded'));
    document.head.append(script);
  });
}
