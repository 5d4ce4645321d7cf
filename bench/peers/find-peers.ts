import type { Peer } from './peers.ts';

export async function findPeers(_gguf: string | undefined, _note: (text: string) => void): Promise<Peer[]> {
  return [];
}
