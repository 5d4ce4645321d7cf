import { Command } from 'commander';
import { openModelFolder } from '../src/cli/model-folder.ts';
import { DEFAULT_MODEL } from '../src/cli/project-paths.ts';
import { measureOnnxruntime, type OnnxruntimeFigures } from './measure-onnxruntime.ts';
import { measureWorker, type WorkerFigures } from './measure-worker.ts';
import { median } from './median.ts';
import { makeTask } from './task.ts';

const { model, runs, json } = new Command('npm run bench --')
  .option('--model <folder>', 'a model folder', DEFAULT_MODEL)
  .option('--runs <n>', 'how often each is measured, in turn', Number, 5)
  .option('--json', 'print JSON')
  .parse()
  .opts<{ model: string; runs: number; json?: boolean }>();

const folder = await openModelFolder(model);
const task = makeTask(folder.manifest);
const peer: OnnxruntimeFigures[] = [];
const worker: WorkerFigures[] = [];
for (let run = 0; run < runs; run++) {
  peer.push(await measureOnnxruntime(folder, task));
  worker.push(await measureWorker(folder, task));
}

const middle = <T, K extends keyof T>(figures: readonly T[], key: K): number =>
  median(figures.map((figure) => Number(figure[key] ?? Number.NaN)));
const figures = {
  model: folder.manifest.id,
  engine: 'ort',
  runs,
  coldStartMilliseconds: middle(worker, 'coldStartMilliseconds'),
  prefillTokensPerSecond: middle(worker, 'prefillTokensPerSecond'),
  decodeTokensPerSecond: middle(worker, 'decodeTokensPerSecond'),
  onnxruntimePrefillTokensPerSecond: middle(peer, 'prefillTokensPerSecond'),
  onnxruntimeDecodeTokensPerSecond: middle(peer, 'decodeTokensPerSecond'),
  workerdIdleBytes: middle(worker, 'idleBytes'),
  workerdLoadedBytes: middle(worker, 'loadedBytes'),
  workerdFinalBytes: middle(worker, 'finalBytes'),
  onnxruntimeWasmBytes: middle(peer, 'wasmBytes'),
};

if (json) console.log(JSON.stringify(figures, null, 2));
else {
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  const rate = (tokensPerSecond: number) => `${tokensPerSecond.toFixed(0)} tok/s`;
  const ratio = (ours: number, theirs: number) => `${(ours / theirs).toFixed(2)}x`;
  const { prefillTokensPerSecond: prefill, decodeTokensPerSecond: decode } = figures;
  console.log(`${figures.model} on ${figures.engine}, one thread, medians of ${runs} runs`);
  console.table({
    [`prefill of ${task.prefillTokens.length} tokens`]: {
      'Worker in workerd, over HTTP': rate(prefill),
      'onnxruntime-web in Node, bare': rate(figures.onnxruntimePrefillTokensPerSecond),
      ratio: ratio(prefill, figures.onnxruntimePrefillTokensPerSecond),
    },
    [`decode of ${task.decodeTokens} tokens`]: {
      'Worker in workerd, over HTTP': rate(decode),
      'onnxruntime-web in Node, bare': rate(figures.onnxruntimeDecodeTokensPerSecond),
      ratio: ratio(decode, figures.onnxruntimeDecodeTokensPerSecond),
    },
    'cold start to first token': { 'Worker in workerd, over HTTP': `${figures.coldStartMilliseconds.toFixed(0)} ms` },
    'workerd RSS: idle, loaded, at the end': {
      'Worker in workerd, over HTTP': [figures.workerdIdleBytes, figures.workerdLoadedBytes, figures.workerdFinalBytes]
        .map(megabytes)
        .join(', '),
    },
    'WASM memory': { 'onnxruntime-web in Node, bare': megabytes(figures.onnxruntimeWasmBytes) },
  });
}
