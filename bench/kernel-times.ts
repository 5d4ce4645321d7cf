import { median } from './median.ts';

interface Time {
  calls: number;
  milliseconds: number;
}

type Exports = Record<string, (...operands: number[]) => unknown>;

/** Times each kernel of the modules that are instantiated after it is made. The clock itself costs some 0.05 us a call. */
export class KernelTimes {
  readonly #times = new Map<string, Time>();
  readonly #steps = new Map<string, Time[]>();
  #running = false;

  constructor() {
    const instantiate = WebAssembly.Instance;
    const timed = (exports: Exports) => this.#timed(exports);
    // The engine keeps its kernels to itself: standing in for the constructor is the way to them.
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

  /** Times the kernels that `step` runs. */
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

  /** Medians over the measured steps, the longest first. */
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
