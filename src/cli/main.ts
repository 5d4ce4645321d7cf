import { Command } from 'commander';
import manifest from '#package.json' with { type: 'json' };
import { addCommand } from './commands/add.ts';
import { batchCommand } from './commands/batch.ts';
import { buildCommand } from './commands/build.ts';
import { completeCommand } from './commands/complete.ts';
import { convertCommand } from './commands/convert.ts';
import { deployCommand } from './commands/deploy.ts';
import { doctorCommand } from './commands/doctor.ts';
import { evalCommand } from './commands/eval.ts';
import { initCommand } from './commands/init.ts';
import { inspectCommand } from './commands/inspect.ts';
import { keysCommand } from './commands/keys.ts';
import { listCommand } from './commands/list.ts';
import { prefixCommand } from './commands/prefix.ts';
import { pruneCommand } from './commands/prune.ts';
import { pushCommand } from './commands/push.ts';
import { refreshCommand } from './commands/refresh.ts';
import { removeCommand } from './commands/remove.ts';
import { rollbackCommand } from './commands/rollback.ts';
import { startCommand } from './commands/start.ts';
import { versionsCommand } from './commands/versions.ts';
import { fail, failOnErrors } from './fail.ts';
import { stopWithNpm } from './stop-with-npm.ts';

/**
 * The commands, in the order of the help text. Each module declares its command, and imports what is slow to load
 * (wrangler, miniflare, the converter, the runtime) only when the command runs: so the help text appears immediately,
 * and commands that need neither wrangler nor miniflare work where these are not installed.
 */
const COMMANDS = [
  initCommand,
  startCommand,
  addCommand,
  removeCommand,
  completeCommand,
  convertCommand,
  inspectCommand,
  refreshCommand,
  prefixCommand,
  pushCommand,
  listCommand,
  versionsCommand,
  rollbackCommand,
  pruneCommand,
  evalCommand,
  batchCommand,
  keysCommand,
  doctorCommand,
  buildCommand,
  deployCommand,
];

failOnErrors();
stopWithNpm();

const program = new Command('gpt-edge')
  .description('A small GPT that generates inside a Cloudflare Worker.')
  .version(manifest.version)
  .enablePositionalOptions();
for (const command of COMMANDS) program.addCommand(command);

await program.parseAsync().catch(fail);
