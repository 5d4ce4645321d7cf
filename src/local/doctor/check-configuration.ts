import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parsePlace } from '../../engine-object/place-variables.ts';
import { type AccessVariables, parseAccess } from '../../worker/access-variables.ts';
import { parseBatchCaps } from '../../worker/batch-variables.ts';
import {
  baseIds,
  parseCpuBudget,
  parseEngines,
  parseMaxWork,
  parseMemoryLimit,
  parseModelIds,
  parseSampling,
  parseScheduling,
  parseSessionSeconds,
} from '../../worker/worker-variables.ts';
import { wrangler } from '../load-tools.ts';
import { OWN_PROJECT, PROJECT, WRANGLER_CONFIG } from '../project-paths.ts';
import { checkBatches } from './check-batches.ts';
import type { Configuration } from './configuration.ts';
import { type Finding, failure, ok, warning } from './finding.ts';

/** Reads the project's wrangler.toml and says what is wrong with it, or missing. Nothing is asked over a network. */
export async function checkConfiguration(): Promise<Finding[]> {
  let config: Configuration;
  try {
    config = wrangler().unstable_readConfig({ config: WRANGLER_CONFIG }) as unknown as Configuration;
  } catch (error) {
    return [failure(`wrangler.toml cannot be read: ${(error as Error).message.split('\n', 1)[0]}`)];
  }
  const entry = config.main === undefined ? '' : await readFile(config.main, 'utf8').catch(() => '');
  return [ok(`The configuration is ${join(dirname(WRANGLER_CONFIG), 'wrangler.toml')}.`), ...findings(config, entry)];
}

/** @param entry the source of the Worker's entry, which must export the classes of the objects */
export function findings(config: Configuration, entry: string): Finding[] {
  return [
    ...checkVariables(config.vars),
    ...checkBindings(config, entry),
    ...checkBatches(config),
    ...checkWhoMayUse(config),
    ...checkPlatform(config),
  ];
}

/** Each variable is parsed as the Worker does when it starts. */
function checkVariables(vars: Record<string, string>): Finding[] {
  const parse = (name: string, use: () => unknown): Finding[] => {
    try {
      use();
      return [];
    } catch (error) {
      return [failure(`${name}: ${(error as Error).message}`)];
    }
  };
  const ids = () => baseIds(parseModelIds(vars.MODEL_IDS ?? ''));
  const wrong = [
    ...parse('MODEL_IDS', ids),
    ...parse('MEMORY_LIMIT_MB', () => parseMemoryLimit(vars.MEMORY_LIMIT_MB)),
    ...parse('MAX_WORK', () => parseMaxWork(vars.MAX_WORK)),
    ...parse('Engine', () => parseEngines(vars, ids())),
    ...parse('Sampling', () => parseSampling(vars.SAMPLING, ids())),
    ...parse('Scheduling', () => parseScheduling(vars)),
    ...parse('Place', () => parsePlace(vars)),
    ...parse('Access', () => parseAccess(vars)),
    ...parse('Batches', () => parseBatchCaps(vars)),
    ...parse('CPU_BUDGET_MS', () => parseCpuBudget(vars.CPU_BUDGET_MS)),
    ...parse('SESSION_SECONDS', () => parseSessionSeconds(vars.SESSION_SECONDS)),
  ];
  return wrong.length > 0 ? wrong : [ok('All variables have valid values.')];
}

function checkBindings({ r2_buckets, durable_objects, migrations }: Configuration, entry: string): Finding[] {
  const found: Finding[] = [];
  if (!r2_buckets.some(({ binding }) => binding === 'MODELS')) found.push(failure('There is no R2 bucket with the binding MODELS.'));
  if (!durable_objects.bindings.some(({ name }) => name === 'ACCESS'))
    found.push(
      failure('There is no Durable Object with the binding ACCESS and the class AccessObject, so there are no keys and no limits.'),
    );
  const made = new Set(migrations.flatMap(({ new_sqlite_classes = [] }) => new_sqlite_classes));
  for (const { name, class_name } of durable_objects.bindings) {
    if (!made.has(class_name)) found.push(failure(`No migration names ${class_name}, the class of ${name}, among its new_sqlite_classes.`));
    if (entry !== '' && !new RegExp(`\\bexport\\b[^;]*\\b${class_name}\\b`).test(entry))
      found.push(failure(`The Worker's entry does not export ${class_name}, the class of ${name}.`));
  }
  return found.length > 0 ? found : [ok('The bucket and the objects are bound.')];
}

function checkWhoMayUse({ vars }: Configuration): Finding[] {
  // The Worker of an app of one's own decides for itself who may use it.
  if (PROJECT !== OWN_PROJECT) return [];
  const found: Finding[] = [];
  const { PUBLIC, PUBLIC_LIMITS, DAILY_BUDGET, OPERATOR_KEY, TURNSTILE_SECRET } = vars as AccessVariables;
  for (const [name, value] of Object.entries({ OPERATOR_KEY, TURNSTILE_SECRET }))
    if (value) found.push(failure(`${name} stands in wrangler.toml. It is a secret: npx wrangler secret put ${name} sets it.`));
  if (PUBLIC === 'true' && PUBLIC_LIMITS === 'off')
    found.push(warning('The deployment answers everyone, and PUBLIC_LIMITS = "off" counts nobody: anyone can use all of it.'));
  if (!DAILY_BUDGET) found.push(warning('DAILY_BUDGET is not set, so nothing caps what a day may cost.'));
  if (DAILY_BUDGET?.startsWith('$') && !vars.PRICES)
    found.push(failure('DAILY_BUDGET is in dollars, and without PRICES tokens cost none.'));
  return found;
}

function checkPlatform({ compatibility_flags, observability }: Configuration): Finding[] {
  const found: Finding[] = [];
  if (!compatibility_flags.includes('enable_request_signal'))
    found.push(failure('The compatibility flag enable_request_signal is missing: the Worker would not notice that a client has left.'));
  if (!observability?.enabled) found.push(warning('[observability] is not enabled, so the platform keeps no log.'));
  return found;
}
