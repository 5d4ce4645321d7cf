import { Command } from 'commander';
import { GptEdgeError } from '../core/errors.ts';
import { buildCommand } from './commands/build.ts';
import { completeCommand } from './commands/complete.ts';
import { convertCommand } from './commands/convert.ts';
import { deployCommand } from './commands/deploy.ts';
import { evalCommand } from './commands/eval.ts';
import { initCommand } from './commands/init.ts';
import { inspectCommand } from './commands/inspect.ts';
import { listCommand } from './commands/list.ts';
import { pushCommand } from './commands/push.ts';
import { startCommand } from './commands/start.ts';

/**
 * The commands, in the order of the help text. Each module declares its command, and imports what is slow to load
 * (wrangler, miniflare, the converter, the runtime) only when the command runs: so the help text appears at once, and
 * what needs neither wrangler nor miniflare works where they are not installed.
 */
const COMMANDS = [
  initCommand,
  startCommand,
  completeCommand,
  convertCommand,
  inspectCommand,
  pushCommand,
  listCommand,
  evalCommand,
  buildCommand,
  deployCommand,
];

const program = new Command('gpt-edge').description('A small GPT that generates inside a Cloudflare Worker.');
for (const command of COMMANDS) program.addCommand(command);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof GptEdgeError)) throw error;
  console.error(`gpt-edge: ${error.message}`);
  process.exit(1);
}
