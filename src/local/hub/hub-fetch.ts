import { setTimeout } from 'node:timers/promises';
import { type Dispatcher, EnvHttpProxyAgent, fetch as undiciFetch } from 'undici';
import { GptEdgeError } from '../../core/errors.ts';

/** The form of `fetch` that the hub's client takes. */
export type Fetch = typeof fetch;

/** Where the hub is, and how requests to it are made. */
export interface HubEndpoint {
  /** Its address without a slash at the end. */
  readonly url: string;
  /** A user's token, `hf_…`. */
  readonly accessToken?: string;
}

/** How often a request is made again after a failure that may pass, and the wait before the first time, doubled for each other. */
const RETRIES = 3;
const FIRST_WAIT_MS = 500;
/** The longest wait that a hub may ask for in `Retry-After`. */
const MAX_WAIT_MS = 30_000;
/** Time for a connection, for the beginning of an answer, and between two pieces of it. */
const CONNECT_MS = 15_000;
const SILENCE_MS = 30_000;
/** Characters of the hub's own words that a message repeats. */
const MAX_REASON = 200;

let dispatcher: Dispatcher | undefined;

/**
 * Requests go through the proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name, in capitals or not: Node's own `fetch`
 * takes them only if a variable was set before it started. Every wait is bounded.
 */
function proxied(): Dispatcher {
  dispatcher ??= new EnvHttpProxyAgent({ connect: { timeout: CONNECT_MS }, headersTimeout: SILENCE_MS, bodyTimeout: SILENCE_MS });
  return dispatcher;
}

/**
 * Makes the `fetch` that the hub's client uses for one repository. Failures that may pass are tried again, a bounded
 * number of times. Any other becomes an error that says what to do.
 * @param signal ends a request, with the signal's reason
 */
export function hubFetch(endpoint: HubEndpoint, repo: string, signal?: AbortSignal): Fetch {
  const ask = async (input: Parameters<Fetch>[0], init: RequestInit = {}): Promise<Response> => {
    for (let left = RETRIES, wait = FIRST_WAIT_MS; ; left--, wait *= 2) {
      signal?.throwIfAborted();
      const answer = await tryOnce(String(input), init, signal).catch((error: Error) => {
        signal?.throwIfAborted();
        if (left === 0) throw unreachable(endpoint, error);
        return undefined;
      });
      const mayPass = answer === undefined || mayPassLater(answer);
      if (answer !== undefined && (!mayPass || left === 0)) {
        if (answer.ok) return answer;
        throw await refusal(answer, endpoint, repo);
      }
      await answer?.body?.cancel();
      await setTimeout(waitFor(answer, wait), undefined, { signal }).catch(() => signal?.throwIfAborted());
    }
  };
  return ask as Fetch;
}

const mayPassLater = ({ status }: Response): boolean => status === 429 || status >= 500;

async function tryOnce(url: string, init: RequestInit, signal?: AbortSignal): Promise<Response> {
  // undici's types and the DOM's describe the same classes, and differ in details that no caller sees.
  return (await undiciFetch(url, { ...(init as object), signal, dispatcher: proxied() })) as unknown as Response;
}

function waitFor(answer: Response | undefined, wait: number): number {
  const asked = Number(answer?.headers.get('retry-after') ?? Number.NaN) * 1000;
  return Number.isFinite(asked) && asked >= 0 ? Math.min(asked, MAX_WAIT_MS) : wait;
}

/** The error for a hub that does not answer, with the system's own word for why. */
function unreachable({ url }: HubEndpoint, error: Error): GptEdgeError {
  const cause = error.cause as (Error & { code?: string }) | undefined;
  const reason = cause?.code ?? cause?.message ?? error.message;
  return new GptEdgeError(
    'command_failed',
    `The hub at ${url} cannot be reached (${reason.slice(0, MAX_REASON)}). Check the network and the variables HTTPS_PROXY and HF_ENDPOINT, or convert a folder or file that you have downloaded elsewhere.`,
    { param: UNREACHABLE, cause: error },
  );
}

/** What is at fault if the hub does not answer at all. */
const UNREACHABLE = 'HF_ENDPOINT';

/** Whether the hub did not answer at all: then what is in the local cache may still be used. */
export const isUnreachable = (error: unknown): boolean => error instanceof GptEdgeError && error.param === UNREACHABLE;

/** The error for an answer that refuses, by the hub's `X-Error-Code` where there is one. */
async function refusal(answer: Response, { url, accessToken }: HubEndpoint, repo: string): Promise<GptEdgeError> {
  const code = answer.headers.get('x-error-code') ?? '';
  const reason = (answer.headers.get('x-error-message') ?? (await answer.text().catch(() => ''))).split('\n', 1)[0].slice(0, MAX_REASON);
  const failed = (message: string) => new GptEdgeError('command_failed', message, { param: 'name' });
  if (code === 'GatedRepo')
    return failed(
      `${repo} is gated: its owners want you to agree to their terms first. Do so at ${url}/${repo}, ${accessToken === undefined ? 'and set HF_TOKEN to a token of your account.' : 'with the account of your HF_TOKEN, and wait until access is granted.'}`,
    );
  if (code === 'RevisionNotFound') return failed(`${repo} has no such revision. ${url}/${repo}/commits/main shows those that it has.`);
  if (code === 'EntryNotFound') return failed(`${repo} has no such file. ${url}/${repo}/tree/main shows its files.`);
  if (code === 'RepoNotFound' || answer.status === 404 || (answer.status === 401 && accessToken === undefined))
    return failed(
      `${repo} is not on the hub at ${url}, or it is private. Check the spelling; a private model needs your token in HF_TOKEN.`,
    );
  if (answer.status === 401)
    return failed(`The hub at ${url} does not accept the token in HF_TOKEN. ${url}/settings/tokens makes another.`);
  if (answer.status === 403) return failed(`The hub at ${url} does not let the account of your HF_TOKEN read ${repo}: ${reason}`);
  const advice = mayPassLater(answer) ? '. It was asked several times; try again later' : '';
  return failed(`The hub at ${url} answered ${answer.status} for ${repo}${advice}: ${reason}`);
}
