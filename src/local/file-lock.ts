import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { GptEdgeError } from '../core/errors.ts';

const POLL_MS = 50;
/** Long enough for the push of any model on a slow disk. Whoever waits longer waits for a process that hangs. */
const MAX_WAIT_MS = 10 * 60_000;

/**
 * Calls `use` while no other process does so under the same lock, and waits until then. The lock is a file that holds
 * the id of its process, so one that was left behind by a process that died does not count.
 * @throws GptEdgeError `command_failed` if another process keeps the lock for ten minutes
 */
export async function withFileLock<T>(path: string, use: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  // The file appears under its name with its content, because a link is made at once.
  const own = `${path}.${process.pid}`;
  await writeFile(own, String(process.pid));
  try {
    await acquire(own, path);
  } finally {
    await rm(own, { force: true });
  }
  try {
    return await use();
  } finally {
    await rm(path, { force: true });
  }
}

async function acquire(own: string, path: string): Promise<void> {
  const started = Date.now();
  while (!(await tryLink(own, path))) {
    const owner = Number(await readFile(path, 'utf8').catch(() => 'NaN'));
    if (Number.isInteger(owner) && !isAlive(owner)) await removeStale(path, owner);
    else if (Date.now() - started > MAX_WAIT_MS)
      throw new GptEdgeError('command_failed', `Process ${owner} has kept ${path} for ten minutes. End it, or remove the file.`);
    else await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function tryLink(own: string, path: string): Promise<boolean> {
  try {
    await link(own, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

/** Another process may have removed the stale lock and taken its place since it was read: what was moved is checked. */
async function removeStale(path: string, owner: number): Promise<void> {
  const moved = `${path}.stale-${process.pid}`;
  const isMoved = await rename(path, moved).then(
    () => true,
    () => false,
  );
  if (!isMoved) return;
  if (Number(await readFile(moved, 'utf8')) !== owner) await link(moved, path).catch(() => {});
  await rm(moved, { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
