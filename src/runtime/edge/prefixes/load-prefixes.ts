import type { ModelFiles } from '../../../core/folder/model-files.ts';
import { isPrefixFile } from '../../../core/folder/prefix-files.ts';
import { showText } from '../../../core/invalid-file.ts';
import { BlockTable } from '../run/block-table.ts';
import type { EdgeModel } from '../run/edge-model.ts';
import { decodePrefixHeader, type PrefixHeader, prefixHeader, unusablePrefix } from './prefix-header.ts';

/**
 * Reads the prefixes that are stored with a model into its KV cache, for the sequences of every partition. They lie
 * there as what an ended sequence has left: until the room is needed. Those that do not fit beside those before them, in
 * the order of their names, are left out.
 * @throws GptEdgeError `model_unavailable` for a prefix that is damaged, or was stored with other weights or another
 *   cache format
 */
export async function loadPrefixes(model: EdgeModel, files: ModelFiles): Promise<void> {
  let room = model.blocks.freeBlocks;
  for (const file of Object.keys(files.manifest.files).filter(isPrefixFile).sort()) {
    const blocks = Math.floor(files.manifest.files[file].bytes / model.plan.cache.blockBytes);
    if (blocks > room) continue;
    room -= blocks;
    await loadPrefix(model, files, file);
  }
}

async function loadPrefix(model: EdgeModel, files: ModelFiles, file: string): Promise<void> {
  let table: BlockTable | undefined;
  const begin = ({ tokens, adapter }: PrefixHeader) => {
    table = new BlockTable(model.blocks, null, model.blocks.tree.rootOf(adapter?.name));
    table.reserve(tokens.length);
    return table.addresses;
  };
  try {
    const tokens = await readBlocks(model, begin, files, file);
    table?.append(tokens);
  } finally {
    table?.truncate(0);
  }
}

/**
 * Reads a file into the blocks that it takes, chunk by chunk.
 * @param begin gives the addresses of blocks for a prefix whose header has been checked
 * @returns the tokens that they hold
 */
async function readBlocks(
  model: EdgeModel,
  begin: (header: PrefixHeader) => readonly number[],
  files: ModelFiles,
  file: string,
): Promise<readonly number[]> {
  const { blockBytes } = model.plan.cache;
  let tokens: readonly number[] | undefined;
  let addresses: readonly number[] = [];
  /** Bytes of the blocks so far. */
  let end = 0;
  for await (const chunk of files.stream(file)) {
    let start = 0;
    if (tokens === undefined) {
      const { header, bytes } = decodePrefixHeader(chunk, file);
      checkHeader(model, files, header, file);
      tokens = header.tokens;
      addresses = begin(header);
      start = bytes;
      const expected = bytes + addresses.length * blockBytes;
      if (files.manifest.files[file].bytes !== expected) throw unusablePrefix(file, `does not have ${expected} bytes`);
    }
    while (start < chunk.length) {
      const place = end % blockBytes;
      const part = chunk.subarray(start, start + blockBytes - place);
      model.memory.views.u8.set(part, addresses[Math.floor(end / blockBytes)] + place);
      start += part.length;
      end += part.length;
    }
  }
  if (tokens === undefined) throw unusablePrefix(file, 'is empty');
  return tokens;
}

function checkHeader({ plan }: EdgeModel, { manifest }: ModelFiles, header: PrefixHeader, file: string): void {
  const expected = prefixHeader(plan, manifest, { tokens: header.tokens, adapter: header.adapter?.name });
  if (JSON.stringify(header.weights) !== JSON.stringify(expected.weights)) throw unusablePrefix(file, 'was stored with other weights');
  if (header.adapter?.sha256 !== expected.adapter?.sha256)
    throw unusablePrefix(file, `was stored with another adapter ${showText(header.adapter?.name ?? '')}`);
  if (header.cacheFormat !== expected.cacheFormat)
    throw unusablePrefix(file, `was stored with the KV cache in ${header.cacheFormat}, and the model has it in ${expected.cacheFormat}`);
  if (header.blockBytes !== expected.blockBytes || header.blockPositions !== expected.blockPositions)
    throw unusablePrefix(file, 'has blocks of another size than the model');
  const { contextWindow, vocabularySize } = plan.options;
  if (header.tokens.length >= contextWindow) throw unusablePrefix(file, `fills the context window of ${contextWindow} tokens`);
  if (header.tokens.some((token) => token >= vocabularySize)) throw unusablePrefix(file, `has tokens outside the vocabulary`);
}
