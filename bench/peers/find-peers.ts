import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { GptEdgeError } from '../../src/core/errors.ts';
import type { EngineFigures } from '../contenders/engine-figures.ts';
import { runContender } from '../contenders/run-contender.ts';
import { measureLlamaBench } from './llama-bench.ts';
import { measureWllama, WLLAMA_VERSIONS } from './measure-wllama.ts';
import type { Peer } from './peer.ts';

const MODULES = join(import.meta.dirname, 'node_modules');

export interface PeerOptions {
  readonly gguf: string;
  /** Path of ik_llama.cpp's program llama-bench. */
  readonly llamaBench?: string;
}

/**
 * Finds the peers that are installed on this machine.
 * @param note called with a line for each peer that is missing, which says how to get it
 * @throws GptEdgeError `invalid_value` if the model's file does not exist
 */
export async function findPeers({ gguf, llamaBench }: PeerOptions, note: (text: string) => void): Promise<Peer[]> {
  if (!existsSync(gguf)) throw new GptEdgeError('invalid_value', `There is no file ${gguf}.`);
  const isInstalled = (name: string) => {
    if (existsSync(join(MODULES, name))) return true;
    note(`${name} is not installed and is left out; sh bench/peers/install.sh installs it.`);
    return false;
  };
  const peers: Peer[] = [];
  if (isInstalled('node-llama-cpp'))
    peers.push({
      name: 'llama.cpp, native',
      measure: (task) => runContender<unknown, EngineFigures>('../peers/llama-cpp.ts', { gguf, task }),
    });
  if (llamaBench === undefined) note('ik_llama.cpp is left out; --llama-bench <file> names its benchmark program.');
  else peers.push({ name: 'ik_llama.cpp, native, by the clock', measure: (task) => measureLlamaBench(llamaBench, { gguf, task }) });
  const chromium = findChromium();
  if (chromium === undefined) note('wllama is left out, since no Chromium was found; the environment variable CHROMIUM can name one.');
  else
    for (const version of WLLAMA_VERSIONS.filter(({ folder }) => isInstalled(folder)))
      peers.push({
        name: `wllama ${version.version}, Chromium`,
        measure: (task) => measureWllama({ gguf, task, chromium, version, modules: MODULES }),
      });
  return peers;
}

/** The Chromium that the environment variable CHROMIUM names, or the first one in PATH. */
function findChromium(): string | undefined {
  const { CHROMIUM, PATH = '' } = process.env;
  if (CHROMIUM) return CHROMIUM;
  const folders = PATH.split(delimiter);
  return ['chromium', 'chromium-browser', 'google-chrome'].flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync);
}
