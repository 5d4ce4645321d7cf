import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { stripVTControlCharacters } from 'node:util';
import { GptEdgeError } from '../core/errors.ts';
import { wranglerFile } from './load-tools.ts';
import { PROJECT } from './project-paths.ts';

/** What wrangler prints, in several wordings, if nobody is logged in or the login does not count. */
const NO_LOGIN = /CLOUDFLARE_API_TOKEN|not logged in|wrangler login|not authenticated|Authentication error|Failed to fetch auth token/i;
/** The lines around an error that do not help: the banner, the place of the log, and stacks. */
const NOISE = /⛅|^\W*$|Logs were written|update available|^\s+at .*[:)\d]$|^\s*If you think this is a bug/;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs wrangler in a project's folder. A signal that ends this process ends wrangler too.
 * @returns what it wrote to standard output
 * @throws GptEdgeError `command_failed`, with wrangler's reason, if it fails
 */
export async function runWrangler(args: readonly string[], project = PROJECT): Promise<string> {
  const env = { ...process.env, WRANGLER_SEND_METRICS: 'false', NO_COLOR: '1', FORCE_COLOR: '0' };
  const child = spawn(process.execPath, [wranglerFile('bin/wrangler.js'), ...args], {
    cwd: project,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const pass = (signal: NodeJS.Signals) => {
    child.kill(signal);
    process.exit(128 + constants.signals[signal]);
  };
  for (const signal of SIGNALS) process.on(signal, pass);
  try {
    const [stdout, stderr] = ['', ''].map((text) => ({ text }));
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      stdout.text += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk) => {
      stderr.text += chunk;
    });
    const code = await new Promise((end, reject) => child.once('close', end).once('error', reject));
    if (code === 0) return stdout.text;
    throw wranglerError(`wrangler ${args.slice(0, 3).join(' ')} failed`, stderr.text + stdout.text);
  } finally {
    for (const signal of SIGNALS) process.off(signal, pass);
  }
}

/** An error with what matters of wrangler's output. A missing login, which is by far the likeliest, is one line. */
export function wranglerError(what: string, output: string, cause?: unknown): GptEdgeError {
  const text = stripVTControlCharacters(output);
  if (NO_LOGIN.test(text))
    return new GptEdgeError(
      'command_failed',
      `${what}: nobody is logged in to Cloudflare here. Run npx wrangler login first, or set CLOUDFLARE_API_TOKEN.`,
      { cause },
    );
  const lines = text.split('\n').filter((line) => !NOISE.test(line));
  return new GptEdgeError('command_failed', `${what}:${lines.length > 1 ? '\n' : ' '}${lines.join('\n').trim()}`, { cause });
}
