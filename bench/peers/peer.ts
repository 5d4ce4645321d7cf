import type { EngineFigures } from '../contenders/engine-figures.ts';
import type { Task } from '../task.ts';

/** Another program that runs the same model from a GGUF file. */
export interface Peer {
  readonly name: string;
  measure(task: Task): Promise<EngineFigures>;
}

/** What a peer is measured with. */
export interface PeerJob {
  /** Path of the model in a GGUF file. */
  readonly gguf: string;
  readonly task: Task;
}
