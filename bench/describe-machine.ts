import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { kernelVariant } from '../src/local/compiled-kernels.ts';

/** Vector extensions on which the kernels' speed depends, as Linux names them. */
const EXTENSIONS = ['avx2', 'avx512f', 'avx512_vnni', 'avx_vnni', 'asimddp', 'i8mm'];

/** What figures depend on beside the code: figures of different machines must not be mixed. */
export interface Machine {
  readonly processor: string;
  /** The clock, if the system reports it. */
  readonly megahertz?: number;
  /** Those of EXTENSIONS that the processor has, if the system reports them. */
  readonly extensions?: readonly string[];
  readonly node: string;
  readonly v8: string;
  /** The build of the kernels that this Node chooses. */
  readonly kernels: string;
}

export function describeMachine(): Machine {
  const [{ model: processor, speed } = { model: 'unknown processor', speed: 0 }] = cpus();
  const { node, v8 } = process.versions;
  return { processor, megahertz: speed > 0 ? speed : undefined, extensions: vectorExtensions(), node, v8, kernels: kernelVariant() };
}

function vectorExtensions(): string[] | undefined {
  try {
    const flags = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1].split(' ');
    return flags && EXTENSIONS.filter((extension) => flags.includes(extension));
  } catch {
    return undefined;
  }
}
