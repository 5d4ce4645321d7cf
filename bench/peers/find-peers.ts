import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { GptEdgeError } from '../../src/core/errors.ts';
import type { EngineFigures } from '../contenders/engine-figures.ts';
import { runContender } from '../contenders/run-contender.ts';
import { findChromium } from './find-chromium.ts';
import { measureLlamaBench } from './llama-bench.ts';
import { measureWllama, WLLAMA_VERSIONS } from './measure-wllama.ts';
import type { Peer } from './peer.ts';

const MODULES = join(import.meta.dirname, 'node_modules');

export interface PeerOptions {
  readonly gguf: string;
  /** llama-bench of ik_llama.cpp. */
  readonly llamaBench?: string;
}

/**
 * The peers that are installed here.
 * @param note told of each that is not, and what to do
 * @throws GptEdgeError `invalid_value` where the model's file is missing
 */
export async function findPeers({ gguf, llamaBench }: PeerOptions, note: (text: string) => void): Promise<Peer[]> {
  if (!existsSync(gguf)) throw new GptEdgeError('invalid_value', `There is no file ${gguf}.`);
  const isInstalled = (name: string) => {
    if (existsSync(join(MODULES, name))) return true;
    note(`${name} is not installed and is left out: sh bench/peers/install.sh`);
    return false;
  };
  const peers: Peer[] = [];
  if (isInstalled('node-llama-cpp'))
    peers.push({
      name: 'llama.cpp, native',
      measure: (task) => runContender<unknown, EngineFigures>('../peers/llama-cpp.ts', { gguf, task }),
    });
  if (llamaBench === undefined) note('ik_llama.cpp is left out: --llama-bench <file> names its benchmark.');
  else peers.push({ name: 'ik_llama.cpp, native, by the clock', measure: (task) => measureLlamaBench(llamaBench, { gguf, task }) });
  const chromium = findChromium();
  if (chromium === undefined) note('Chromium is not installed, and wllama is left out: name it in CHROMIUM.');
  else
    for (const version of WLLAMA_VERSIONS.filter(({ folder }) => isInstalled(folder)))
      peers.push({
        name: `wllama ${version.version}, Chromium`,
        measure: (task) => measureWllama({ gguf, task, chromium, version, modules: MODULES }),
      });
  return peers;
}
