import { Command } from 'commander';
import { MAX_CONTEXT_WINDOW } from '../../core/limits.ts';
import { signalOnInterrupt } from '../on-interrupt.ts';
import { keepTokensOption, modelsOption, number, readTexts } from '../options.ts';
import { printConverted } from '../print-converted.ts';
import { printPlans } from '../print-plans.ts';
import { ProgressBar } from '../printing/progress-bar.ts';

export const addCommand = new Command('add')
  .description('bring a model from the Hugging Face hub, convert it so that it fits into a Worker, and let start serve it')
  .argument('<name>', 'owner/name[@revision][:file.gguf]')
  .option('--dtype <dtype>', 'how weights are stored: fp32, fp16, q8 or q4; default: the most precise that fits')
  .option('--embeddings <dtype>', 'how embeddings and the output head are stored: q8, q4 or same; default: the most precise that fits')
  .option(
    '--context <n>',
    'positions to keep; default: all that the model has, of which a Worker serves as many as fit',
    number(1, MAX_CONTEXT_WINDOW),
  )
  .addOption(keepTokensOption())
  .option('--sampling <options>', "recommended sampling, such as temperature=0.2,top_p=0.9; default: the checkpoint's")
  .option('--id <name>', "the model's id; default: made from the name")
  .addOption(modelsOption())
  .action(add);

interface AddOptions {
  dtype?: string;
  embeddings?: string;
  context?: number;
  keepTokens?: string[];
  sampling?: string;
  id?: string;
  models: string;
}

/** Adds a model from the hub, and prints what was chosen and what it needs. What was downloaded before an interruption stays. */
async function add(text: string, { context, keepTokens, ...options }: AddOptions): Promise<void> {
  const { addModel } = await import('../../local/add/add-model.ts');
  const { parseHubName } = await import('../../local/hub/hub-name.ts');
  const { readHubSettings } = await import('../../local/hub/hub-settings.ts');
  const { projectMemoryLimit } = await import('../../local/memory-limit.ts');
  const name = parseHubName(text);
  const hub = await readHubSettings();
  const notes: string[] = [];
  const [download, conversion] = [new ProgressBar(`Downloading ${text}`), new ProgressBar(`Converting ${text}`)];
  const added = await addModel({
    ...options,
    name,
    hub,
    contextWindow: context,
    keepTokens: await readTexts(keepTokens),
    limitBytes: await projectMemoryLimit(),
    onNote: (note) => notes.push(note),
    onDownload: ({ bytes, totalBytes }) => download.update(bytes, totalBytes),
    onConvert: ({ bytes, totalBytes }) => {
      download.stop();
      conversion.update(bytes, totalBytes);
    },
    signal: signalOnInterrupt('Interrupted. What was downloaded is kept; the same command continues there.'),
  }).finally(() => {
    download.stop();
    conversion.stop();
  });
  await printConverted({ ...added, notes });
  await printPlans([added.plan]);
  console.log(`npm start serves it; requests name it "${added.manifest.id}". gpt-edge remove ${added.manifest.id} takes it away again.`);
}
