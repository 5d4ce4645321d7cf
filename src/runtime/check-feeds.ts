import type { Feed, KvCache } from '../core/decoder.ts';
import { GptEdgeError } from '../core/errors.ts';

/**
 * Checks the feeds of a step before anything is computed.
 * @throws GptEdgeError `context_length_exceeded` or `memory_limit_exceeded` if they do not fit, RangeError for feeds
 *   that contradict each other or themselves
 */
export function checkFeeds(feeds: readonly Feed[], contextWindow: number, kvCache: KvCache): void {
  if (new Set(feeds.map(({ sequence }) => sequence)).size < feeds.length) throw new RangeError('a sequence is fed twice in one step');
  for (const { sequence, tokens, rows } of feeds) {
    if (tokens.length === 0 || rows < 0 || rows > tokens.length) throw new RangeError(`${rows} rows of ${tokens.length} tokens`);
    const length = sequence.length + tokens.length;
    if (length > contextWindow)
      throw new GptEdgeError('context_length_exceeded', `The context window is ${contextWindow} tokens; ${length} were fed.`);
  }
  const needed = feeds.reduce((sum, { sequence, tokens }) => sum + sequence.blocksFor(tokens.length), 0);
  if (needed > kvCache.freeBlocks) throw kvCacheFull(needed, kvCache);
}

function kvCacheFull(needed: number, { blockPositions, freeBlocks, totalBlocks }: KvCache): GptEdgeError {
  return new GptEdgeError(
    'memory_limit_exceeded',
    `The KV cache has ${freeBlocks} free of ${totalBlocks} blocks of ${blockPositions} tokens, and ${needed} are needed: the requests that are being answered hold the others. Try again when one of them has ended.`,
  );
}
