import { startLocalWorker } from '../../local/local-worker.ts';
import { openModelFolders } from '../../local/model-folder.ts';
import { engineVars } from '../engine-vars.ts';
import { uploadModel } from '../upload-model.ts';

export interface StartOptions {
  port: number;
  /** Model folders; the first is the default model. */
  model: string[];
  engine?: string;
  kvCache?: string;
  edgeOnly?: boolean;
  var: Record<string, string>;
  persistTo: string;
}

/** Serves model folders from the Worker in workerd. Miniflare keeps the process alive, and ends workerd when it is interrupted. */
export async function start(options: StartOptions): Promise<void> {
  const { port, model: paths, edgeOnly, var: vars, persistTo } = options;
  const folders = await openModelFolders(paths);
  const ids = folders.map(({ manifest }) => manifest.id);
  const worker = await startLocalWorker({
    port,
    persistTo,
    edgeOnly,
    vars: { PUBLIC: 'true', MODEL_IDS: ids.join(','), ...engineVars(options), ...vars },
    logRequests: true,
  });
  for (const folder of folders) await uploadModel(folder, worker.models);
  console.log(greeting(worker.url.origin, ids[0]));
}

const greeting = (origin: string, id: string) => `
gpt-edge answers at ${origin} with ${id}, inside workerd. Open that in a browser, or try:

curl -N ${origin}/v1/completions -H 'content-type: application/json' \\
  -d '{"prompt": "Once upon a time", "max_tokens": 100, "stream": true}'

Ctrl+C stops it.`;
