import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { kernelVariant } from '../src/local/compiled-kernels.ts';

/** What figures depend on besides the code. Those of different machines, or versions of V8, must not be compared. */
export interface Machine {
  readonly processor: string;
  /** The processor's clock, if the system reports it. */
  readonly megahertz?: number;
  /** The vector extensions that code for this processor could use; empty if the system does not list them. */
  readonly extensions: readonly string[];
  readonly node: string;
  /** The version of Node's V8. */
  readonly v8: string;
  /** The version of workerd, which does not tell the version of its V8, but determines it. */
  readonly workerd: string;
  /** Which build of the kernels Node runs. */
  readonly kernels: string;
}

/** The names by which Linux lists vector extensions of x64 and of Arm. */
const EXTENSION = /^(sse4_\d|avx.*|amx.*|fma|f16c|asimd.*|sve.*|sme|sme2|i8mm|bf16)$/;

export function describeMachine(): Machine {
  const [{ model: processor, speed } = { model: 'unknown processor', speed: 0 }] = cpus();
  const { node, v8 } = process.versions;
  const workerd = (createRequire(import.meta.url)('workerd/package.json') as { version: string }).version;
  return {
    processor,
    megahertz: speed > 0 ? speed : undefined,
    extensions: vectorExtensions(),
    node,
    v8,
    workerd,
    kernels: kernelVariant(),
  };
}

function vectorExtensions(): string[] {
  try {
    const [, flags = ''] = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8')) ?? [];
    return flags.split(' ').filter((flag) => EXTENSION.test(flag));
  } catch {
    return [];
  }
}

/** Two lines for people. @param inWorkerd which build of the kernels workerd runs */
export function printMachine({ processor, megahertz, extensions, node, v8, workerd, kernels }: Machine, inWorkerd?: string): void {
  const listed = extensions.length === 0 ? 'vector extensions unknown' : extensions.join(' ');
  console.log(`${processor}${megahertz === undefined ? '' : ` at ${megahertz} MHz`}: ${listed}`);
  console.log(`Node ${node} with V8 ${v8}, kernels ${kernels}; workerd ${workerd}, kernels ${inWorkerd ?? 'unknown'}`);
}
