import type { WireReady } from '../../api/openai/schemas/ready-schema.ts';
import { excerpt } from '../../core/excerpt.ts';
import { versionedId } from '../../core/folder/stored-model.ts';
import { ask } from './ask.ts';
import { type Finding, failure, ok } from './finding.ts';

/** Milliseconds between two questions. */
const PAUSE_MS = 2000;
/** Milliseconds for which a new deployment is waited for: its address may have to become known first. */
const PATIENCE_MS = 60_000;

/**
 * Asks a deployment whether its models can be served, and says why not.
 * @param operatorKey if it is at hand: without it, a deployment that is not public does not tell which models these are
 */
export async function checkReady(origin: string, operatorKey: string | undefined): Promise<Finding[]> {
  const answer = await ask(origin, '/ready', operatorKey);
  if (typeof answer === 'string') return [failure(`${origin}/ready does not answer: ${answer}`)];
  const ready = (await answer.json().catch(() => null)) as Partial<WireReady> | null;
  if (ready?.status === undefined) return [failure(`${origin}/ready answers ${answer.status}, and not as gpt-edge does.`)];
  if (ready.models) return ready.models.map(describeState);
  if (ready.status === 'ready') return [ok('All models can be served.')];
  return [failure("A model cannot be served. With the operator's key in OPERATOR_KEY, doctor says which one, and why.")];
}

function describeState({ id, state, version, error }: NonNullable<WireReady['models']>[number]): Finding {
  const name = versionedId(id, version);
  if (state === 'failed') return failure(`${name} cannot be served: ${excerpt(error?.message ?? 'it does not say why')}`);
  return ok(`${name} ${{ ready: 'is loaded', loading: 'is being loaded', loadable: 'can be loaded' }[state]}.`);
}

/** Asks a deployment that was made just now, until it says that its models can be served. @returns what it says last */
export async function waitUntilReady(
  origin: string,
  operatorKey: string | undefined,
  patienceMs = PATIENCE_MS,
  pauseMs = PAUSE_MS,
): Promise<Finding[]> {
  const end = Date.now() + patienceMs;
  for (;;) {
    const findings = await checkReady(origin, operatorKey);
    if (findings.every(({ level }) => level !== 'error') || Date.now() + pauseMs >= end) return findings;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** Where a deployment answers, by what wrangler prints of it: a domain of one's own, or else workers.dev. */
export function deployedOrigin(printed: string): string | undefined {
  const [, domain] = /^\s*([a-z0-9.-]+\.[a-z]{2,}) \(custom domain\)/m.exec(printed) ?? [];
  return domain === undefined ? /https:\/\/[a-z0-9.-]+\.workers\.dev/.exec(printed)?.[0] : `https://${domain}`;
}
