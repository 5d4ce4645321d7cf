import type { LocalWorker } from '../../src/local/local-worker.ts';
import { serveModels } from '../../src/local/serve-models.ts';

/** The bundled Worker in a workerd of its own, with the default model in its bucket. */
export const serveDefaultModel = (vars: Record<string, string> = {}): Promise<LocalWorker> => serveModels({ vars });
