import type { KvCache } from '../../../src/core/decoder.ts';

/** How many blocks sequences hold; a shared block counts once. */
export const used = ({ totalBlocks, freeBlocks }: KvCache): number => totalBlocks - freeBlocks;
