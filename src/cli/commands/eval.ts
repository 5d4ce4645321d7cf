import { Command, Option } from 'commander';
import { describeDtype } from '../../core/folder/manifest.ts';
import type { Evaluation } from '../../local/evaluate/evaluate-text.ts';
import type { EvaluatedModel } from '../../local/evaluate/evaluated-model.ts';
import { ENGINES, type Engine } from '../../runtime/engine-choice.ts';
import { contextOption, type EngineOptions, engineOption, kvCacheOption } from '../options.ts';
import { printTable } from '../printing/print-table.ts';
import { ProgressBar } from '../printing/progress-bar.ts';

export const evalCommand = new Command('eval')
  .description('measure how well a model predicts a text, alone or compared with another model')
  .argument('<folder>', 'a model folder')
  .requiredOption('--text <file>', 'a text in UTF-8')
  .option('--against <folder>', 'a model folder to compare with, such as the one before quantizing or cutting the vocabulary')
  .addOption(engineOption())
  .addOption(kvCacheOption())
  .addOption(contextOption())
  .addOption(new Option('--against-engine <engine>', 'what runs the other model; default: the same engine').choices(ENGINES))
  .option('--json', 'print JSON')
  .action(evaluate);

interface EvalOptions extends EngineOptions {
  text: string;
  /** A model folder to compare with. */
  against?: string;
  /** The engine that runs the other model. */
  againstEngine?: Engine;
  json?: boolean;
}

/** Prints how well a model predicts a text, and what it loses in comparison with another. */
async function evaluate(folder: string, options: EvalOptions): Promise<void> {
  const { evaluateText } = await import('../../local/evaluate/evaluate-text.ts');
  const { openEvaluatedModel } = await import('../../local/evaluate/evaluated-model.ts');
  const { readText } = await import('../../local/evaluate/read-text.ts');
  const { text: path, against: againstFolder, engine = 'auto', kvCache: cacheFormat = 'auto', context: contextWindow, json } = options;
  const text = await readText(path);
  const model = await openEvaluatedModel(folder, { engine, cacheFormat, contextWindow });
  const against =
    againstFolder === undefined
      ? undefined
      : await openEvaluatedModel(againstFolder, { engine: options.againstEngine ?? engine, cacheFormat: 'auto' });
  const bar = new ProgressBar(`Evaluating ${model.manifest.id}`, { name: 'thousand tokens', size: 1000 });
  try {
    const evaluation = await evaluateText(model, text, { against, onProgress: (tokens, total) => bar.update(tokens, total) });
    bar.stop();
    if (json) console.log(JSON.stringify(evaluation, null, 2));
    else print(evaluation, model, against);
  } finally {
    bar.stop();
    await Promise.all([model.decoder.dispose(), against?.decoder.dispose()]);
  }
}

function print(evaluation: Evaluation, model: EvaluatedModel, againstModel?: EvaluatedModel): void {
  const { tokens, bytes, against } = evaluation;
  console.log(`${tokens} tokens, ${bytes} bytes of text, windows of ${evaluation.contextWindow} tokens`);
  const title = ({ manifest, decoder }: EvaluatedModel) => `${manifest.id} ${describeDtype(manifest)} on ${decoder.engine}`;
  const headings = againstModel ? ['', title(model), title(againstModel), 'difference'] : ['', title(model)];
  const row = (name: string, value: number, other: number | undefined, digits: number) =>
    other === undefined
      ? [name, value.toFixed(digits)]
      : [name, value.toFixed(digits), other.toFixed(digits), signed(value - other, digits)];
  printTable(headings, [
    row('nats per token', evaluation.model.natsPerToken, against?.natsPerToken, 4),
    row('perplexity', evaluation.model.perplexity, against?.perplexity, 3),
    row('bits per byte', evaluation.model.bitsPerByte, against?.bitsPerByte, 4),
  ]);
  if (evaluation.tokenDifference !== undefined)
    console.log(
      `Their tokens differ (${evaluation.tokenDifference}), ${tokens} and ${evaluation.againstTokens} of this text: only bits per byte compare.`,
    );
  if (evaluation.klDivergence === undefined || evaluation.top1Agreement === undefined) return;
  console.log(`KL divergence ${evaluation.klDivergence.toFixed(5)} nats per token`);
  console.log(`same most probable token for ${(100 * evaluation.top1Agreement).toFixed(2)} %`);
}

function signed(value: number, digits: number): string {
  return `${value < 0 ? '' : '+'}${value.toFixed(digits)}`;
}
