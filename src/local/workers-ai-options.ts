import { readFile } from 'node:fs/promises';
import module from 'node:module';
import { join } from 'node:path';
import type { V4WorkerOptions } from 'miniflare';
import type { WorkersAiOptions } from '../workers-ai/workers-ai.ts';

/** How the Worker that stands for Workers AI is named, and where gpt-edge is. */
export interface WorkersAiWorkerOptions extends WorkersAiOptions {
  /** The name of the Worker, to which a service binding `AI` leads. @default workers-ai */
  name?: string;
  /** The name of gpt-edge's Worker in the same Miniflare. @default gpt-edge */
  edge?: string;
}

/** The Worker: each call of `env.AI.run` comes here as one of its own. */
const ENTRY = `
import { WorkerEntrypoint } from 'cloudflare:workers';
import { WorkersAi } from './workers-ai.js';

export default class extends WorkerEntrypoint {
  run(model, inputs, options) {
    return new WorkersAi(this.env.EDGE, { models: this.env.MODELS }).run(model, inputs, options);
  }
}`;

/**
 * Describes a Worker that answers as Workers AI's binding does, as one of the Workers of your own Miniflare, beside
 * gpt-edge's (`localWorkerOptions`): the binding `AI` of the program to be tested is then a service binding to it.
 * @example
 * // Calls between Workers need a compatibility date from 2024-04-03 on.
 * const mine = { name: 'mine', modules: true, script, compatibilityDate: '2026-10-01', serviceBindings: { AI: 'workers-ai' } };
 * const workers = [mine, await workersAiOptions(), await localWorkerOptions({ vars: { PUBLIC: 'true' } })];
 * const miniflare = new Miniflare(convertV4MiniflareOptions({ workers, cf: false }));
 */
export async function workersAiOptions({
  name = 'workers-ai',
  edge = 'gpt-edge',
  models = { '*': '' },
}: WorkersAiWorkerOptions = {}): Promise<V4WorkerOptions> {
  return {
    name,
    compatibilityDate: '2026-10-01',
    modules: [
      { type: 'ESModule', path: 'index.js', contents: ENTRY },
      { type: 'ESModule', path: 'workers-ai.js', contents: await moduleText() },
    ],
    serviceBindings: { EDGE: edge },
    bindings: { MODELS: { ...models } },
  };
}

/**
 * The module as JavaScript. In the package it is compiled; in a checkout it is TypeScript, which Node 22 takes the types
 * off.
 */
async function moduleText(): Promise<string> {
  const path = join(import.meta.dirname, '..', 'workers-ai', 'workers-ai');
  const compiled = await readFile(`${path}.js`, 'utf8').catch(() => undefined);
  return compiled ?? module.stripTypeScriptTypes(await readFile(`${path}.ts`, 'utf8'));
}
