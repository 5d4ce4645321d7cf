import { GptEdgeError } from '../core/errors.ts';

/** Returns a signal that ends what runs when the command is interrupted, with one line that says what came of it. */
export function signalOnInterrupt(message: string): AbortSignal {
  const interruption = new AbortController();
  const interrupt = () => interruption.abort(new GptEdgeError('command_failed', message));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  return interruption.signal;
}
