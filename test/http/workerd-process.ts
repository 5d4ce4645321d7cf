import { readdir, readFile } from 'node:fs/promises';

/** Whether the system counts the CPU time of threads in /proc, as Linux does. */
export const HAS_CPU_TIME = process.platform === 'linux';

/** The pid of the workerd that this process has started last; undefined if there is none. */
export async function workerdPid(): Promise<number | undefined> {
  let found: number | undefined;
  for (const pid of await readdir('/proc').catch(() => [])) {
    const [, name, rest] = /\((.*)\) (.*)/s.exec(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')) ?? [];
    if (name === 'workerd' && Number(rest.split(' ')[1]) === process.pid) found = Math.max(found ?? 0, Number(pid));
  }
  return found;
}

/** Milliseconds of CPU that the process has used in all its threads. */
export async function cpuMilliseconds(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`);
  const texts = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').catch(() => '0')));
  return texts.reduce((sum, text) => sum + Number(text.split(' ')[0]), 0) / 1e6;
}

/** Bytes of memory that the process holds. */
export async function residentBytes(pid: number): Promise<number> {
  const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))!;
  return 1024 * Number(kilobytes);
}
