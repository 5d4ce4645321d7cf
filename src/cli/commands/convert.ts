import { Command } from 'commander';
import { GptEdgeError } from '../../core/errors.ts';
import { MAX_CONTEXT_WINDOW } from '../../core/limits.ts';
import { number } from '../options.ts';
import { printPlans } from '../print-plans.ts';
import { ProgressBar } from '../printing/progress-bar.ts';

export const convertCommand = new Command('convert')
  .description('convert a checkpoint into a model folder')
  .argument('<source>', "a Hugging Face folder with safetensors or an ONNX graph, a GGUF file, or llama2.c's .bin")
  .argument('<folder>', 'model folder to write')
  .option('--dtype <dtype>', 'how weights are stored: fp32, fp16, q8 or q4; default: as in the source; selects one of several ONNX graphs')
  .option('--embeddings <dtype>', 'how embeddings and the output head are stored: q8, q4 or same; default: q8 with q4, else same')
  .option(
    '--context <n>',
    'positions to keep; default: all that the model has, of which a Worker serves as many as fit',
    number(1, MAX_CONTEXT_WINDOW),
  )
  .option('--tokenizer <file>', "llama2.c's tokenizer.bin; default: the one beside the .bin")
  .option('--sampling <options>', "recommended sampling, such as temperature=0.2,top_p=0.9; default: the checkpoint's")
  .option('--id <name>', "the model's id; default: the source's name without its quantization")
  .action(convert);

interface ConvertOptions {
  dtype?: string;
  embeddings?: string;
  context?: number;
  tokenizer?: string;
  sampling?: string;
  id?: string;
}

/** Converts a checkpoint and prints what the new model folder holds. An interruption leaves the target as it was. */
async function convert(source: string, target: string, { context, ...options }: ConvertOptions): Promise<void> {
  const { convertModel } = await import('../../convert/convert-model.ts');
  const { describeDtype, folderBytes } = await import('../../core/folder/manifest.ts');
  const interruption = new AbortController();
  const interrupt = () => interruption.abort(new GptEdgeError('command_failed', 'Interrupted: nothing was written.'));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const bar = new ProgressBar(`Converting ${source}`);
  const onProgress = (progress: { bytes: number; totalBytes: number }) => bar.update(progress.bytes, progress.totalBytes);
  const { signal } = interruption;
  const notes: string[] = [];
  const onNote = (note: string) => notes.push(note);
  const told = { ...options, contextWindow: context, signal, onProgress, onNote };
  const manifest = await convertModel({ source, target, ...told }).finally(() => bar.stop());
  const bytes = folderBytes(manifest);
  const { id, architecture, parameters, contextWindow } = manifest;
  const facts = [
    id,
    architecture,
    `${(parameters / 1e6).toFixed(1)}M parameters`,
    describeDtype(manifest),
    `${(bytes / 1e6).toFixed(1)} MB`,
  ];
  console.log(`${target}: ${facts.join(', ')}, context window ${contextWindow}`);
  console.log(`From ${manifest.source}`);
  for (const note of notes) console.log(note);
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
