import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

const POLL_MS = 250;
const SHELLS = ['sh', 'bash', 'dash', 'ash', 'zsh', 'ksh', 'busybox'];

interface Process {
  parent: number;
  /** The program's name. */
  name: string;
}

/**
 * Ends this process, as SIGTERM does, when the npm that runs it has ended. npm runs a script through a shell, and
 * passes signals to that alone: without this, `kill` of an `npm start` or `npx gpt-edge` would leave Node and workerd
 * behind.
 */
export function stopWithNpm(): void {
  if (process.env.npm_command === undefined) return;
  const { ppid } = process;
  const shell = lookUp(ppid);
  const npm = shell && SHELLS.includes(shell.name) ? shell.parent : undefined;
  const hasEnded = () => process.ppid !== ppid || (npm !== undefined && parentOfShell(ppid, npm) !== npm);
  setInterval(() => {
    if (hasEnded()) process.kill(process.pid, 'SIGTERM');
  }, POLL_MS).unref();
}

/** The shell gets another parent when npm ends. Where that is slow to find out, npm's process is looked for. */
function parentOfShell(shell: number, npm: number): number | undefined {
  if (process.platform === 'linux') return lookUp(shell)?.parent;
  try {
    process.kill(npm, 0);
    return npm;
  } catch {
    return undefined;
  }
}

/** Looks a process up; undefined if the system does not tell. */
function lookUp(pid: number): Process | undefined {
  try {
    if (process.platform === 'linux') {
      // `pid (name) state parent …`, and a name may have anything in it.
      const [, name, parent] = /^\d+ \((.*)\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))!;
      return { name, parent: Number(parent) };
    }
    const [, parent, name] = /^\s*(\d+)\s+(.*)$/m.exec(execFileSync('ps', ['-o', 'ppid=,comm=', '-p', String(pid)], { encoding: 'utf8' }))!;
    return { name: basename(name.replace(/^-/, '')), parent: Number(parent) };
  } catch {
    return undefined;
  }
}
