import { Command, InvalidArgumentError, Option } from 'commander';
import type { WireKey, WireKeyOptions } from '../../api/access/key-schema.ts';
import type { CreatedKey, OperatorClient } from '../../local/operator-client.ts';
import { number, persistToOption } from '../options.ts';
import { printTable } from '../printing/print-table.ts';

const DAY_SECONDS = 86_400;
const MAX = 1e12;

/** Parser of an option that may be repeated. */
const collect = (value: string, previous: string[] = []): string[] => [...previous, value];

/** Parser of `--expires`: seconds since the epoch, from a date, or from days, hours or minutes from now. */
const expiry = (text: string): number => {
  const [, count, unit] = /^(\d{1,6})([dhm])$/.exec(text) ?? [];
  const at = count ? Date.now() + Number(count) * { d: 86_400_000, h: 3_600_000, m: 60_000 }[unit as 'd' | 'h' | 'm'] : Date.parse(text);
  if (!(at > Date.now()))
    throw new InvalidArgumentError('A time from now as in 90d, 12h or 30m, or a date to come as in 2030-01-31, is expected.');
  return Math.floor(at / 1000);
};

/** Where the keys are: in the local state, or in a deployment. */
const place = (command: Command): Command =>
  command
    .option('--remote [url]', "a deployment's keys, at this address, or at GPT_EDGE_URL, or at the custom domain in wrangler.toml")
    .addOption(persistToOption());

const limit = (flag: string, what: string, isWhole = true): Option =>
  new Option(flag, what).argParser(isWhole ? number(1, MAX) : number(0.000001, MAX, false));

const createCommand = place(
  new Command('create')
    .description('create a key, and print it; it cannot be shown again')
    .requiredOption('--name <text>', 'what or whom the key is for')
    .option('--publishable', 'a key for pages in browsers, which everyone may see; it needs --origin')
    .option('--origin <origin>', 'whose pages may use it, such as https://example.com, repeatable', collect)
    .option('--model <id>', 'a model that it may use, repeatable; default: all', collect)
    .option('--route <path>', 'a route that it may use, such as /v1/chat/completions, repeatable; default: all', collect)
    .option('--expires <time>', 'when it ends: 90d, 12h, 30m, or a date; default: never', expiry)
    .addOption(limit('--requests-per-minute <n>', 'requests in any minute'))
    .addOption(limit('--tokens-per-minute <n>', 'tokens in any minute, of prompts and completions'))
    .addOption(limit('--concurrent <n>', 'requests at a time'))
    .addOption(limit('--tokens-per-day <n>', 'tokens in a day (UTC)'))
    .addOption(limit('--dollars-per-day <x>', 'dollars in a day (UTC), by PRICES', false)),
).action(create);

const listCommand = place(new Command('list').description('show all keys, without their secrets')).action(list);

const revokeCommand = place(
  new Command('revoke').description('end a key, at once and for good').argument('<id>', 'as gpt-edge keys list shows it'),
).action(revoke);

const rotateCommand = place(
  new Command('rotate')
    .description('give a key another secret, and print it')
    .argument('<id>', 'as gpt-edge keys list shows it')
    .option('--grace <seconds>', 'how long the secret before still counts; default: not at all', number(0, DAY_SECONDS), 0),
).action(rotate);

export const keysCommand = new Command('keys')
  .description('create, list, revoke and rotate the keys of the API')
  .addCommand(createCommand)
  .addCommand(listCommand)
  .addCommand(revokeCommand)
  .addCommand(rotateCommand);

interface PlaceOptions {
  remote?: string | true;
  persistTo: string;
}

interface CreateOptions extends PlaceOptions {
  name: string;
  publishable?: boolean;
  origin?: string[];
  model?: string[];
  route?: string[];
  expires?: number;
  requestsPerMinute?: number;
  tokensPerMinute?: number;
  concurrent?: number;
  tokensPerDay?: number;
  dollarsPerDay?: number;
}

async function withOperator<T>({ remote, persistTo }: PlaceOptions, use: (operator: OperatorClient) => Promise<T>): Promise<T> {
  const { remoteOperator, withLocalOperator } = await import('../../local/operator-access.ts');
  return remote ? use(remoteOperator(remote === true ? undefined : remote)) : withLocalOperator(persistTo, use);
}

async function create(options: CreateOptions): Promise<void> {
  const { name, publishable, origin = [], model = [], route = [], expires, ...rest } = options;
  const wire: WireKeyOptions = {
    name,
    kind: publishable ? 'publishable' : 'secret',
    origins: origin,
    models: model,
    routes: route,
    expires_at: expires,
    limits: {
      requests_per_minute: rest.requestsPerMinute,
      tokens_per_minute: rest.tokensPerMinute,
      concurrent: rest.concurrent,
      tokens_per_day: rest.tokensPerDay,
      dollars_per_day: rest.dollarsPerDay,
    },
  };
  show(await withOperator(options, (operator) => operator.createKey(wire)));
}

/** The key alone goes to standard output, for programs that take it from there. */
function show({ key, id, kind, origins }: CreatedKey): void {
  console.log(key);
  const where =
    kind === 'publishable' ? `Pages of ${origins.join(', ')} may use it.` : 'It is for servers: keep it out of pages and repositories.';
  console.error(`This is the only time that the key is shown. ${where} Its id is ${id}.`);
}

async function list(options: PlaceOptions): Promise<void> {
  const keys = await withOperator(options, (operator) => operator.listKeys());
  if (keys.length === 0) console.log('There is no key yet. gpt-edge keys create makes one.');
  else printTable(['id', 'kind', 'name', 'state', 'may use', 'limits', 'today'], keys.map(row));
}

async function revoke(id: string, options: PlaceOptions): Promise<void> {
  const { name } = await withOperator(options, (operator) => operator.revokeKey(id));
  console.log(`The key ${id} (${name}) is revoked, and refused from now on.`);
}

async function rotate(id: string, options: PlaceOptions & { grace: number }): Promise<void> {
  show(await withOperator(options, (operator) => operator.rotateKey(id, options.grace)));
}

function row({ id, kind, name, models, routes, origins, limits, today, ...key }: WireKey): string[] {
  const scopes = [...models, ...origins, ...(kind === 'publishable' ? [] : routes)];
  const limited = Object.entries(limits).filter(([, value]) => value !== null);
  return [
    id,
    kind,
    name,
    stateOf(key),
    scopes.join(' ') || 'all',
    limited.map(([limit, value]) => `${limit}=${value}`).join(' ') || 'none',
    `${today.requests} requests, ${today.tokens} tokens${today.dollars > 0 ? `, $${today.dollars.toFixed(2)}` : ''}`,
  ];
}

function stateOf({ revoked_at, expires_at }: Pick<WireKey, 'revoked_at' | 'expires_at'>): string {
  const day = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10);
  if (revoked_at !== null) return `revoked ${day(revoked_at)}`;
  if (expires_at === null) return 'live';
  return `${expires_at * 1000 <= Date.now() ? 'expired' : 'until'} ${day(expires_at)}`;
}
