import { readdirSync, readFileSync } from 'node:fs';

/** The workerd that this process has started last, with the figures that Linux keeps of it in /proc. */
export class WorkerdProcess {
  readonly #pid: string;

  private constructor(pid: string) {
    this.#pid = pid;
  }

  /** Finds it among this process's children; undefined without /proc. */
  static find(): WorkerdProcess | undefined {
    const pids = entries('/proc').filter((entry) => {
      const status = text(`/proc/${entry}/status`);
      return status.startsWith('Name:\tworkerd') && status.includes(`PPid:\t${process.pid}\n`);
    });
    const newest = pids.sort((a, b) => Number(a) - Number(b)).at(-1);
    return newest === undefined ? undefined : new WorkerdProcess(newest);
  }

  /** Bytes of memory that are resident. */
  get residentBytes(): number {
    return Number(/VmRSS:\s+(\d+) kB/.exec(text(`/proc/${this.#pid}/status`))?.[1]) * 1024;
  }

  /** Milliseconds of processor time so far, of all living threads. Since threads are pooled, hardly any has ended. */
  get cpu(): number {
    const tasks = `/proc/${this.#pid}/task`;
    return entries(tasks).reduce((sum, task) => sum + Number(text(`${tasks}/${task}/schedstat`).split(' ', 1)[0]) / 1e6, 0);
  }
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
