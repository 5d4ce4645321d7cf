import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Decoder } from '../../../src/core/decoder.ts';
import { constraintsOf } from '../../../src/generation/constraints-of.ts';
import type { LanguageModel } from '../../../src/generation/language-model.ts';
import { Scheduler } from '../../../src/generation/scheduler/scheduler.ts';
import { compiledKernels } from '../../../src/local/compiled-kernels.ts';
import { DiskModelFiles } from '../../../src/local/disk-model-files.ts';
import { openOnnxSession, ort } from '../../../src/local/evaluate/onnx-session.ts';
import { type ModelFolder, openModelFolder } from '../../../src/local/model-folder.ts';
import { createEdgeDecoder } from '../../../src/runtime/edge/create-edge-decoder.ts';
import type { EngineChoice } from '../../../src/runtime/engine-choice.ts';
import { ortDecoder } from '../../../src/runtime/ort/ort-decoder.ts';
import { planEngine } from '../../../src/runtime/plan-engine.ts';
import { TextTokenizer } from '../../../src/tokenizer/text-tokenizer.ts';
import { parseTokenizerJson } from '../../../src/tokenizer/tokenizer-json.ts';

/** A model of a folder on a real engine, whose KV caches take so many bytes. */
export async function realModel(path: string, choice: EngineChoice, cacheBytes: number): Promise<LanguageModel> {
  const folder = await openModelFolder(path);
  const decoder = await openDecoder(folder, choice, cacheBytes);
  const { manifest } = folder;
  const tokenizer = new TextTokenizer(parseTokenizerJson(await readFile(join(path, 'tokenizer.json'))));
  const scheduler = new Scheduler({ manifest, decoder });
  const constraints = constraintsOf(manifest, tokenizer);
  return {
    id: manifest.id,
    manifest,
    decoder,
    scheduler,
    tokenizer,
    constraints,
    chatTemplate: null,
    samplingDefaults: {},
    fingerprint: '',
  };
}

async function openDecoder(folder: ModelFolder, choice: EngineChoice, cacheBytes: number): Promise<Decoder> {
  const files = new DiskModelFiles(folder);
  const planned = await planEngine(files, choice, Number.POSITIVE_INFINITY);
  const options = { kernels: compiledKernels(), cacheBytes };
  if (planned.engine === 'edge') return createEdgeDecoder(planned.plan, files, options);
  return ortDecoder({ ort, session: await openOnnxSession(folder.path) }, folder.manifest, options);
}
