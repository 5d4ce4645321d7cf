import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { GptEdgeError } from '../../core/errors.ts';
import type { HubEndpoint } from './hub-fetch.ts';

/** The variables of the environment that Hugging Face's own tools read. */
export type HubVariables = Readonly<Record<string, string | undefined>>;

/** How the hub is reached, and where what came from it is kept. */
export interface HubSettings extends HubEndpoint {
  /** The folder of Hugging Face's cache, which its other tools share. */
  readonly cache: string;
  /** Whether nothing may be asked of the hub. */
  readonly isOffline: boolean;
}

const DEFAULT_ENDPOINT = 'https://huggingface.co';

/**
 * Reads HF_ENDPOINT, HF_TOKEN (or the token that `hf auth login` has kept), HF_HUB_OFFLINE, and the folder of the
 * cache from HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME or XDG_CACHE_HOME, as the huggingface_hub package does.
 * @throws GptEdgeError `invalid_value` for an address or a token that cannot be one
 */
export async function readHubSettings(variables: HubVariables = process.env): Promise<HubSettings> {
  const url = (variables.HF_ENDPOINT || DEFAULT_ENDPOINT).replace(/\/+$/, '');
  if (!URL.canParse(url) || !/^https?:/.test(url))
    throw new GptEdgeError(
      'invalid_value',
      `HF_ENDPOINT ${JSON.stringify(url.slice(0, 200))} is not an address that begins with https://.`,
    );
  const home = variables.HF_HOME || join(variables.XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface');
  const accessToken = variables.HF_TOKEN?.trim() || (await keptToken(variables.HF_TOKEN_PATH || join(home, 'token')));
  if (accessToken !== undefined && !accessToken.startsWith('hf_'))
    throw new GptEdgeError('invalid_value', 'HF_TOKEN is not a token of the hub, all of which begin with hf_.');
  return {
    url,
    accessToken,
    cache: variables.HF_HUB_CACHE || variables.HUGGINGFACE_HUB_CACHE || join(home, 'hub'),
    isOffline: /^(1|on|yes|true)$/i.test(variables.HF_HUB_OFFLINE ?? ''),
  };
}

async function keptToken(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.trim() || undefined;
}
