import type { ModelFiles } from '../../../core/folder/model-files.ts';
import type { EdgePlan } from '../plan/plan-graph.ts';
import { EdgeModel } from '../run/edge-model.ts';
import { createSequence } from '../run/edge-sequence.ts';
import { encodePrefixHeader, prefixHeader } from './prefix-header.ts';

/**
 * Computes the keys and values of a prefix, and gives the parts of the file in which they are stored: the header, then
 * block after block, each valid until the next one is asked for.
 * @param plan of the model as a Worker will run it, because a prefix fits one format of the cache
 * @param prefix.adapter with which it is computed; only sequences with the same adapter begin behind it
 * @throws GptEdgeError `context_length_exceeded` for more tokens than the context window has
 */
export async function* computePrefix(
  plan: EdgePlan,
  files: ModelFiles,
  kernels: WebAssembly.Module,
  { tokens, adapter }: { readonly tokens: readonly number[]; readonly adapter?: string },
): AsyncGenerator<Uint8Array> {
  const model = await EdgeModel.load(plan, files, { kernels, cacheBytes: 0 });
  if (adapter !== undefined) await model.adapters.load(adapter);
  const sequence = createSequence(model, { tokens: [], adapter });
  await sequence.forward(tokens, 0);
  yield encodePrefixHeader(prefixHeader(plan, files.manifest, { tokens, adapter }));
  for (const address of sequence.table.addresses) yield model.memory.views.u8.subarray(address, address + plan.cache.blockBytes);
  sequence.dispose();
}
