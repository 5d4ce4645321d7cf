import { Command, InvalidArgumentError, Option } from 'commander';
import { GptEdgeError } from '../core/errors.ts';
import { MAX_CONTEXT_WINDOW } from '../core/limits.ts';
import { LOCAL_STATE } from '../local/project-paths.ts';
import { CACHE_FORMATS, ENGINES } from '../runtime/engine-choice.ts';

const DEFAULT_PORT = 8787;

/** Parses a number in a range, with its unit's own error. */
const number =
  (min: number, max: number, isWhole = true) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= min && value <= max) || (isWhole && !Number.isInteger(value)))
      throw new InvalidArgumentError(`${isWhole ? 'A whole number' : 'A number'} from ${min} to ${max} is expected.`);
    return value;
  };

const collect = (value: string, previous: string[]): string[] => [...previous, value];

const collectVar = (text: string, previous: Record<string, string>): Record<string, string> => {
  const [, key, value] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(text) ?? [];
  if (key === undefined) throw new InvalidArgumentError('KEY=VALUE is expected.');
  return { ...previous, [key]: value };
};

const engine = () =>
  new Option('--engine <engine>', 'what runs models: edge, ort (onnxruntime-web), or auto: edge where it can').choices(ENGINES);

const kvCache = () =>
  new Option('--kv-cache <format>', 'how the edge engine keeps keys and values: f32, q8, or auto: f32 where it fits').choices(
    CACHE_FORMATS,
  );

const edgeOnly = () => new Option('--edge-only', 'a Worker without onnxruntime-web, for models that the edge engine runs');

const persistTo = () => new Option('--persist-to <folder>', 'where the local bucket lies').default(LOCAL_STATE, '.wrangler/state');

const program = new Command('gpt-edge').description('A small GPT that generates inside a Cloudflare Worker.');

program
  .command('init')
  .description('write a project of a Worker that serves gpt-edge')
  .argument('<folder>', 'a new or an empty folder')
  .option('--from <spec>', 'where npm is to take gpt-edge from, such as a git URL; default: a tarball of this gpt-edge, in the project')
  .action(async (folder, options) => (await import('./commands/init.ts')).init(folder, options));

program
  .command('start')
  .description('serve models from the Worker in workerd')
  .option('--port <n>', 'port to listen on', number(1, 65535), DEFAULT_PORT)
  .option('--model <folder>', 'a model folder to serve, repeatable; the first is the default model', collect, [])
  .addOption(edgeOnly())
  .addOption(engine())
  .addOption(kvCache())
  .option('--var <KEY=VALUE>', 'a variable for the Worker, repeatable', collectVar, {})
  .addOption(persistTo())
  .action(async (options) => (await import('./commands/start.ts')).start(options));

program
  .command('complete')
  .description('complete a prompt in the terminal, streamed through the Worker in workerd')
  .argument('<prompt>', 'text to go on from')
  .option('--model <folder>', 'a model folder')
  .option('--max-tokens <n>', 'tokens to generate at most; default: 300, or what the window has left', number(1, 2 ** 20))
  .option('--temperature <t>', "0 takes the most probable token; default: the model's", number(0, 2, false))
  .option('--seed <n>', 'the same seed gives the same text', number(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER))
  .addOption(engine())
  .addOption(kvCache())
  .addOption(persistTo())
  .action(async (prompt, options) => (await import('./commands/complete.ts')).complete(prompt, options));

program
  .command('convert')
  .description('convert a checkpoint into a model folder')
  .argument('<source>', "a Hugging Face folder with safetensors or an ONNX graph, a GGUF file, or llama2.c's .bin")
  .argument('<folder>', 'model folder to write')
  .option('--dtype <dtype>', 'how weights are stored: fp32, fp16, q8 or q4; default: as in the source; of ONNX graphs it chooses one')
  .option('--embeddings <dtype>', 'how embeddings and the output head are stored: q8, q4 or same; default: q8 with q4, else same')
  .option('--context <n>', 'positions to keep; default: all that the model has', number(1, MAX_CONTEXT_WINDOW))
  .option('--tokenizer <file>', "llama2.c's tokenizer.bin; default: the one beside the .bin")
  .option('--id <name>', "the model's id; default: the source's name")
  .action(async (source, folder, options) => (await import('./commands/convert.ts')).convert(source, folder, options));

program
  .command('inspect')
  .description('show what a model is made of, and what it needs in a Worker')
  .argument('<path>', "a model folder, or what convert takes: a Hugging Face folder, a GGUF file, llama2.c's .bin")
  .option('--plan', 'also show each step of the edge engine: kernel, shapes, bytes, multiply-adds')
  .addOption(kvCache())
  .action(async (path, options) => (await import('./commands/inspect.ts')).inspect(path, options));

program
  .command('push')
  .description('put what has changed of a model folder into the local bucket')
  .argument('<folder>', 'a model folder')
  .option('--remote', 'into the real bucket, of the account that wrangler is logged in to')
  .addOption(persistTo())
  .action(async (folder, options) => (await import('./commands/push.ts')).push(folder, options));

program
  .command('list')
  .description('show the models in the local bucket')
  .option('--remote', 'in the real bucket, of the account that wrangler is logged in to')
  .addOption(persistTo())
  .action(async (options) => (await import('./commands/list.ts')).list(options));

program
  .command('eval')
  .description('measure how well a model predicts a text, alone or against another')
  .argument('<folder>', 'a model folder')
  .requiredOption('--text <file>', 'a text in UTF-8')
  .option('--against <folder>', 'a model folder with the same tokens, such as the one before quantizing')
  .addOption(engine())
  .addOption(kvCache())
  .addOption(new Option('--against-engine <engine>', 'what runs the other; default: the same').choices(ENGINES))
  .option('--json', 'print JSON')
  .action(async (folder, options) => (await import('./commands/eval.ts')).evaluate(folder, options));

program
  .command('build')
  .description('bundle the Worker, in a checkout of gpt-edge with its page, and print their sizes')
  .addOption(edgeOnly())
  .action(async (options) => (await import('./commands/build.ts')).build(options));

program
  .command('deploy')
  .description('put models into R2 and deploy the Worker')
  .option('--model <folder>', 'a model folder to deploy, repeatable; the first is the default model', collect, [])
  .option('--var <KEY=VALUE>', 'a variable for the Worker, repeatable', collectVar, {})
  .addOption(edgeOnly())
  .option('--dry-run', 'say what would be done, and do nothing')
  .action(async (options) => (await import('./commands/deploy.ts')).deploy(options));

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof GptEdgeError)) throw error;
  console.error(`gpt-edge: ${error.message}`);
  process.exit(1);
}
