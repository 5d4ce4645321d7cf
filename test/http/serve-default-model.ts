import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalWorker, startLocalWorker } from '../../src/cli/local-worker.ts';
import { openModelFolder } from '../../src/cli/model-folder.ts';
import { DEFAULT_MODEL } from '../../src/cli/project-paths.ts';
import { pushModel } from '../../src/cli/push-model.ts';

/** The bundled Worker in a workerd of its own, with the default model in its bucket. */
export async function serveDefaultModel(vars: Record<string, string> = {}): Promise<LocalWorker> {
  const persistTo = await mkdtemp(join(tmpdir(), 'gpt-edge-test-'));
  const worker = await startLocalWorker({ persistTo, vars: { PUBLIC: 'true', ...vars } });
  await pushModel(await openModelFolder(DEFAULT_MODEL), worker.models);
  return {
    ...worker,
    async stop() {
      await worker.stop();
      await rm(persistTo, { recursive: true, force: true });
    },
  };
}
