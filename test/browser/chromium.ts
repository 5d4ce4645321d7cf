import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Browser, chromium } from 'playwright-core';

const found = (name: string) =>
  promisify(execFile)('which', [name]).then(
    ({ stdout }) => stdout.trim(),
    () => null,
  );

/** The system's own; none is ever downloaded. null where there is none. */
export const chromiumPath = (await found('chromium')) ?? (await found('google-chrome'));

if (chromiumPath === null) console.warn('Skipped: there is no chromium here (Debian: apt-get install chromium).');

/** Starts the system's Chromium without a window. In a container as root it has no sandbox to use. */
export const launchChromium = (): Promise<Browser> =>
  chromium.launch({ executablePath: chromiumPath!, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] });
