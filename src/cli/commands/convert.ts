import { Command, Option } from 'commander';
import { GptEdgeError } from '../../core/errors.ts';
import { POOLINGS, type Pooling } from '../../core/folder/manifest.ts';
import { MAX_CONTEXT_WINDOW } from '../../core/limits.ts';
import { signalOnInterrupt } from '../on-interrupt.ts';
import { keepTokensOption, number, readTexts } from '../options.ts';

import { printConverted } from '../print-converted.ts';

import { printPlans } from '../print-plans.ts';

import { ProgressBar } from '../printing/progress-bar.ts';

export const convertCommand = new Command('convert')
  .description('convert a checkpoint into a model folder, or an adapter into the folder of its base model')
  .argument(
    '<source>',
    "a Hugging Face folder with safetensors or an ONNX graph, a GGUF file, llama2.c's .bin, or owner/name[@revision][:file.gguf] on the hub",
  )
  .argument('[folder]', 'model folder to write')
  .option('--adapter <folder>', "a LoRA adapter as PEFT saves it; the only argument is then its base model's folder")
  .option('--dtype <dtype>', 'how weights are stored: fp32, fp16, q8 or q4; default: as in the source; selects one of several ONNX graphs')
  .option('--embeddings <dtype>', 'how embeddings and the output head are stored: q8, q4 or same; default: q8 with q4, else same')
  .option(
    '--context <n>',
    'positions to keep; default: all that the model has, of which a Worker serves as many as fit',
    number(1, MAX_CONTEXT_WINDOW),
  )
  .option('--tokenizer <file>', "llama2.c's tokenizer.bin; default: the one beside the .bin")
  .option('--remove', 'with --adapter and the name of one that is there: remove it instead')
  .addOption(keepTokensOption())
  .option('--sampling <options>', "recommended sampling, such as temperature=0.2,top_p=0.9; default: the checkpoint's")
  .addOption(new Option('--pooling <pooling>', 'how embeddings are made of hidden states; default: mean').choices(POOLINGS))
  .option('--id <name>', "the model's id, or the adapter's name; default: made from the source's name")
  .action(convert);

interface ConvertOptions {
  adapter?: string;
  remove?: boolean;
  dtype?: string;
  embeddings?: string;
  context?: number;
  tokenizer?: string;
  keepTokens?: string[];
  sampling?: string;
  pooling?: Pooling;
  id?: string;
}

/** Converts a checkpoint and prints what the new model folder holds. An interruption leaves the target as it was. */
async function convert(source: string, target: string | undefined, { adapter, remove, ...options }: ConvertOptions): Promise<void> {
  if (adapter !== undefined) {
    const { convertAdapterInto } = await import('../convert-adapter.ts');
    const { id, dtype, ...others } = options;
    return convertAdapterInto(source, { adapter, remove, id, dtype, others: { folder: target, ...others } });
  }
  if (target === undefined) throw new GptEdgeError('invalid_value', 'The model folder to write is missing.', { param: 'folder' });
  await convertCheckpoint(source, target, options);
}

async function convertCheckpoint(
  source: string,
  target: string,
  { context, keepTokens: texts, ...options }: ConvertOptions,
): Promise<void> {
  const { convertModel } = await import('../../convert/convert-model.ts');
  const signal = signalOnInterrupt('Interrupted: nothing was written.');
  const notes: string[] = [];
  const onNote = (note: string) => notes.push(note);
  const keepTokens = await readTexts(texts);
  const found = await findSource(source, { signal, onNote });
  const bar = new ProgressBar(`Converting ${source}`);
  const onProgress = (progress: { bytes: number; totalBytes: number }) => bar.update(progress.bytes, progress.totalBytes);
  const asked = { ...options, dtype: options.dtype ?? found.dtype, contextWindow: context, keepTokens };
  const manifest = await convertModel({ ...asked, ...found.named, source: found.path, target, signal, onProgress, onNote }).finally(() =>
    bar.stop(),
  );
  await printConverted({ path: target, manifest, notes });
  await printPlan(target);
}

/** Says how a Worker without variables of its own will run the new model, and warns if it will refuse it. */
async function printPlan(target: string): Promise<void> {
  const { openModelFolder } = await import('../../local/model-folder.ts');
  const { planModels } = await import('../../local/plan-models.ts');
  try {
    await printPlans(await planModels([await openModelFolder(target)], {}));
  } catch (error) {
    if (!(error instanceof GptEdgeError && error.code === 'memory_limit_exceeded')) throw error;
    console.error(`Warning: a Worker will refuse it. ${error.message}`);
  }
}

/** What a conversion starts from. */
interface FoundSource {
  readonly path: string;
  readonly dtype?: string;
  /** What a source from the hub is called, which its path does not say. */
  readonly named?: { readonly name: string; readonly origin: string };
}

/** Finds the source on this machine, or else brings it from the hub if it can be a name there. */
async function findSource(source: string, told: { signal: AbortSignal; onNote: (note: string) => void }): Promise<FoundSource> {
  const { stat } = await import('node:fs/promises');
  const { looksLikeHubName, parseHubName } = await import('../../local/hub/hub-name.ts');
  const isHere = await stat(source).then(
    () => true,
    () => false,
  );
  if (isHere || !looksLikeHubName(source)) return { path: source };
  const { DEFAULT_MEMORY_LIMIT_MB } = await import('../../core/memory-plan.ts');
  const { fetchFromHub } = await import('../../local/hub/fetch-from-hub.ts');
  const { readHubSettings } = await import('../../local/hub/hub-settings.ts');
  const bar = new ProgressBar(`Downloading ${source}`);
  const onProgress = (progress: { bytes: number; totalBytes: number }) => bar.update(progress.bytes, progress.totalBytes);
  const request = { ...told, limitBytes: DEFAULT_MEMORY_LIMIT_MB * 1e6, onProgress };
  const { path, dtype, name, origin } = await fetchFromHub(parseHubName(source), await readHubSettings(), request)
    .catch((error) => {
      // Someone who meant a path on this machine should read that nothing lies there.
      if (error instanceof GptEdgeError)
        throw new GptEdgeError(error.code, `There is no ${source} on this machine. ${error.message}`, { cause: error });
      throw error;
    })
    .finally(() => bar.stop());
  return { path, dtype, named: { name, origin } };
}
