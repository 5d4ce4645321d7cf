import { Command } from 'commander';
import { contextOption, kvCacheOption } from '../options.ts';

export const inspectCommand = new Command('inspect')
  .description('show what a model is made of, and what it needs in a Worker')
  .argument('<path>', "a model folder, or what convert takes: a Hugging Face folder, a GGUF file, llama2.c's .bin")
  .option('--plan', 'also show each step of the edge engine: kernel, shapes, bytes, multiply-adds')
  .addOption(kvCacheOption())
  .addOption(contextOption())
  .action(async (path, options) => (await import('../inspect/inspect.ts')).inspect(path, options));
