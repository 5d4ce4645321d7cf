import { GptEdgeError } from '../core/errors.ts';
import { variantId } from '../core/folder/adapter-files.ts';

/** What `gpt-edge convert --adapter` is asked for. */
export interface AdapterRequest {
  /** The adapter's folder, as PEFT saves it; its name, if it is to be removed. */
  readonly adapter: string;
  readonly remove?: boolean;
  readonly id?: string;
  readonly dtype?: string;
  /** Options that only a model has, by their names in the command. */
  readonly others: Readonly<Record<string, unknown>>;
}

/** Converts an adapter into its base model's folder, and says how it is asked for; or removes one. */
export async function convertAdapterInto(path: string, { adapter, remove, id, dtype, others }: AdapterRequest): Promise<void> {
  const other = Object.entries(others).find(([, value]) => value !== undefined)?.[0];
  if (other !== undefined) throw new GptEdgeError('invalid_value', `${other} is for models, and not for adapters.`, { param: other });
  const { convertAdapter } = await import('../convert/adapters/convert-adapter.ts');
  const { openModelFolder } = await import('../local/model-folder.ts');
  const { removeAdapter, storeAdapter } = await import('../local/stored-adapter.ts');
  const base = await openModelFolder(path);
  if (remove) {
    await removeAdapter(base, adapter);
    console.log(`${path}: the adapter ${adapter} is removed.`);
    return;
  }
  const notes: string[] = [];
  const converted = await convertAdapter({ source: adapter, base, name: id, dtype, onNote: (note) => notes.push(note) });
  await storeAdapter(base, converted);
  const { name, manifest, files } = converted;
  const bytes = [...files.values()].reduce((sum, file) => sum + file.length, 0);
  const { parameters, rank, modules } = manifest;
  console.log(
    `${path}: the adapter ${name} adds ${parameters.toLocaleString('en')} parameters to ${modules.length} products, rank ${rank}, ${manifest.dtype}, ${(bytes / 1e6).toFixed(1)} MB.`,
  );
  for (const note of notes) console.log(note);
  console.log(`Requests name it as the model ${variantId(base.manifest.id, name)}.`);
}
