import { median } from './median.ts';

interface Time {
  calls: number;
  milliseconds: number;
}

type Exports = Record<string, (...operands: number[]) => unknown>;

/**
 * Times each kernel of all WebAssembly modules that are instantiated after this object is made. Reading the clock
 * costs about 0.05 us per call.
 */
export class KernelTimes {
  readonly #times = new Map<string, Time>();
  readonly #steps = new Map<string, Time[]>();
  #running = false;

  constructor() {
    const instantiate = WebAssembly.Instance;
    const timed = (exports: Exports) => this.#timed(exports);
    // The engine does not expose its kernels, so a stand-in for the constructor wraps them.
    WebAssembly.Instance = class {
      readonly exports: Exports;
      constructor(module: WebAssembly.Module, imports?: WebAssembly.Imports) {
        this.exports = timed(new instantiate(module, imports).exports as Exports);
      }
    } as unknown as typeof WebAssembly.Instance;
  }

  #timed(exports: Exports): Exports {
    const wrap = (name: string, kernel: (...operands: number[]) => unknown) => {
      const time = { calls: 0, milliseconds: 0 };
      this.#times.set(name, time);
      return (...operands: number[]) => {
        if (!this.#running) return kernel(...operands);
        const started = performance.now();
        const result = kernel(...operands);
        time.milliseconds += performance.now() - started;
        time.calls++;
        return result;
      };
    };
    const entries = Object.entries(exports).map(([name, value]) => [name, typeof value === 'function' ? wrap(name, value) : value]);
    return Object.fromEntries(entries) as Exports;
  }

  /** Runs a decode step and times its kernels. */
  async measure(step: () => Promise<unknown>): Promise<void> {
    for (const time of this.#times.values()) Object.assign(time, { calls: 0, milliseconds: 0 });
    this.#running = true;
    await step();
    this.#running = false;
    for (const [name, time] of this.#times) {
      const steps = this.#steps.get(name) ?? [];
      this.#steps.set(name, steps);
      steps.push({ ...time });
    }
  }

  /**
   * Each kernel's calls and milliseconds in one step, as medians over the measured steps; the slowest kernel comes
   * first.
   */
  perStep(): ({ name: string } & Time)[] {
    return Array.from(this.#steps, ([name, steps]) => ({
      name,
      calls: median(steps.map(({ calls }) => calls)),
      milliseconds: median(steps.map(({ milliseconds }) => milliseconds)),
    }))
      .filter(({ calls }) => calls > 0)
      .sort((a, b) => b.milliseconds - a.milliseconds);
  }
}
