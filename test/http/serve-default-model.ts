import type { LocalWorker } from '../../src/cli/local-worker.ts';
import { serveModels } from '../../src/cli/serve-models.ts';

/** The bundled Worker in a workerd of its own, with the default model in its bucket. */
export const serveDefaultModel = (): Promise<LocalWorker> => serveModels();
