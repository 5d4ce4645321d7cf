import { randomBytes } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GptEdgeError } from '../core/errors.ts';
import { withStateLock } from './bucket/local-bucket.ts';
import { wrangler } from './load-tools.ts';
import { startLocalWorker } from './local-worker.ts';
import { OperatorClient } from './operator-client.ts';
import { WRANGLER_CONFIG } from './project-paths.ts';

/** The variable of the environment that holds the operator's key of a deployment. It never stands on a command line. */
const OPERATOR_KEY = 'OPERATOR_KEY';
/** The file beside the local state that says where a Worker runs on it, and with which operator's key. */
const RUNNING = 'gpt-edge-operator.json';

/** A Worker that runs on this machine. */
interface Running {
  pid: number;
  origin: string;
  operatorKey: string;
}

/** An operator's key for one run of a local Worker. */
export const temporaryOperatorKey = (): string => randomBytes(32).toString('hex');

/**
 * Lets `gpt-edge keys` find the Worker that this process runs, so that both do not write into the same state. Only this
 * user can read the file.
 */
export async function announceOperator(persistTo: string, origin: string, operatorKey: string): Promise<void> {
  const running: Running = { pid: process.pid, origin, operatorKey };
  const path = join(persistTo, RUNNING);
  await rm(path, { force: true });
  await writeFile(path, JSON.stringify(running), { mode: 0o600 });
}

/**
 * Calls `use` with the local deployment's operator: that of the Worker that runs on this state, or else of one that
 * runs for as long.
 */
export async function withLocalOperator<T>(persistTo: string, use: (operator: OperatorClient) => Promise<T>): Promise<T> {
  const running = await readRunning(persistTo);
  if (running) return use(new OperatorClient(running.origin, running.operatorKey));
  const operatorKey = temporaryOperatorKey();
  return withStateLock(persistTo, async () => {
    const worker = await startLocalWorker({ persistTo, edgeOnly: true, vars: { OPERATOR_KEY: operatorKey } });
    try {
      return await use(new OperatorClient(worker.url.origin, operatorKey));
    } finally {
      await worker.stop();
    }
  });
}

/** The Worker that was announced, if it still answers under its key. */
async function readRunning(persistTo: string): Promise<Running | undefined> {
  const text = await readFile(join(persistTo, RUNNING), 'utf8').catch(() => null);
  if (text === null) return undefined;
  const running = JSON.parse(text) as Running;
  const isThere = await new OperatorClient(running.origin, running.operatorKey).listKeys().then(
    () => true,
    () => false,
  );
  return isThere ? running : undefined;
}

/**
 * The operator of a deployment.
 * @param url where it answers; by default what GPT_EDGE_URL says, or the custom domain in wrangler.toml
 * @throws GptEdgeError `invalid_value` if the address or the key is missing, or the key would be sent in clear text
 */
export function remoteOperator(url: string | undefined): OperatorClient {
  const address = url ?? process.env.GPT_EDGE_URL ?? customDomain();
  if (address === undefined)
    throw new GptEdgeError(
      'invalid_value',
      'Where the deployment answers is not known: --remote <url> says it, or GPT_EDGE_URL in the environment, or a custom domain in wrangler.toml.',
    );
  if (!URL.canParse(address)) throw new GptEdgeError('invalid_value', `${JSON.stringify(address)} is not a URL.`);
  const { protocol, hostname, origin, pathname } = new URL(address);
  const isLocal = ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
  if (protocol !== 'https:' && !(protocol === 'http:' && isLocal))
    throw new GptEdgeError('invalid_value', `${address} must begin with https://, since the operator's key is sent there.`);
  const operatorKey = process.env[OPERATOR_KEY];
  if (!operatorKey)
    throw new GptEdgeError(
      'invalid_value',
      `The environment has no ${OPERATOR_KEY}. It is the secret that npx wrangler secret put ${OPERATOR_KEY} has set.`,
    );
  return new OperatorClient(origin + pathname.replace(/\/$/, ''), operatorKey);
}

function customDomain(): string | undefined {
  const { routes = [] } = wrangler().unstable_readConfig({ config: WRANGLER_CONFIG });
  const route = routes.find((route: unknown) => typeof route === 'object' && (route as { custom_domain?: boolean }).custom_domain);
  return route && `https://${(route as { pattern: string }).pattern}`;
}
