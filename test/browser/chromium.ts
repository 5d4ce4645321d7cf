import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Browser, chromium } from 'playwright-core';

const found = (name: string) =>
  promisify(execFile)('which', [name]).then(
    ({ stdout }) => stdout.trim(),
    () => null,
  );

/** Path of the system's Chromium or Chrome, or null if there is none. None is ever downloaded. */
export const chromiumPath = (await found('chromium')) ?? (await found('google-chrome'));

if (chromiumPath === null) console.warn('Skipped: no Chromium is installed (on Debian: apt-get install chromium).');

/**
 * Starts the system's Chromium without a window, and without a sandbox, which it could not use as root in a
 * container.
 */
export const launchChromium = (): Promise<Browser> =>
  chromium.launch({ executablePath: chromiumPath!, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] });
