import type { EngineFigures } from '../contenders/engine-figures.ts';
import type { Task } from '../task.ts';

/** Another program that runs the same weights from a GGUF file. */
export interface Peer {
  readonly name: string;
  measure(task: Task): Promise<EngineFigures>;
}
