import { GptEdgeError } from '../core/errors.ts';

/** With this variable in the environment, an error is printed with its stack. */
const DEBUG = 'GPT_EDGE_DEBUG';

/** Makes every error end the command through {@link fail}, also one that nobody waits for. */
export function failOnErrors(): void {
  process.on('uncaughtException', fail);
  // Whoever reads the output may leave before its end, as `head` does. That is no error.
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => (error.code === 'EPIPE' ? process.exit(0) : fail(error)));
}

/** Ends the command, with one line that says why, and exit code 1. */
export function fail(error: unknown): never {
  console.error(`gpt-edge: ${describe(error)}`);
  if (process.env[DEBUG]) console.error(error);
  process.exit(1);
}

function describe(error: unknown): string {
  if (error instanceof GptEdgeError) return error.message;
  if (!(error instanceof Error)) return String(error);
  const message = error.message.split('\n', 1)[0];
  if (/SQLITE_BUSY|database is locked/.test(error.message)) return 'The local bucket is in use by another program. Try again.';
  // The system's own errors say what is wrong and where: "ENOSPC: no space left on device, write".
  if (/^E[A-Z]+: /.test(message)) return message;
  return `${message} (this was not expected; ${DEBUG}=1 shows where it happened)`;
}
