import type { LocalWorker } from '../../src/local/local-worker.ts';
import { serveModels } from '../../src/local/serve-models.ts';

/** Starts the bundled Worker in its own workerd, with the default model in its bucket. */
export const serveDefaultModel = (vars: Record<string, string> = {}): Promise<LocalWorker> => serveModels({ vars });
