import type { Manifest } from '../../model/manifest.ts';
import { DEFAULT_MEMORY_LIMIT_MB, planMemory } from '../../model/memory-plan.ts';

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

const printLines = (lines: readonly (readonly [string, string])[]): void => {
  const width = Math.max(...lines.map(([name]) => name.length));
  for (const [name, value] of lines) console.log(`${name.padEnd(width)}  ${value}`);
};

/** Prints what a manifest says of a model. */
export function printFacts(manifest: Manifest): void {
  const { heads, keyValueHeads, headDimension, files } = manifest;
  const bytes = Object.values(files).reduce((sum, file) => sum + file.bytes, 0);
  printLines([
    ['model', manifest.id],
    [
      'architecture',
      `${manifest.architecture}, ${manifest.layers} layers of width ${manifest.hiddenSize}, ${heads} heads of ${headDimension}${keyValueHeads === heads ? '' : `, ${keyValueHeads} of keys and values`}`,
    ],
    ['parameters', manifest.parameters.toLocaleString('en')],
    ['context window', `${manifest.contextWindow.toLocaleString('en')} tokens`],
    ['vocabulary', `${manifest.vocabularySize.toLocaleString('en')} tokens, EOS ${manifest.eosTokenIds.join(', ') || 'none'}`],
    ['stored as', `${manifest.dtype}, ${megabytes(bytes)} on disk`],
    ['multiply-adds', `${(manifest.multiplyAddsPerToken / 1e6).toFixed(1)} million per token`],
    ['licence', manifest.license ?? 'not stated'],
    ['source', manifest.source],
  ]);
}

/** Prints what a model needs in a Worker, and what is left of an isolate's memory. */
export function printMemoryPlan(manifest: Manifest): void {
  const { parts, totalBytes } = planMemory(manifest);
  const limit = DEFAULT_MEMORY_LIMIT_MB * 1e6;
  const left = limit - totalBytes;
  printLines([
    ...parts.map(({ name, bytes }) => [name, megabytes(bytes)] as const),
    ['in all', megabytes(totalBytes)],
    [
      `of ${DEFAULT_MEMORY_LIMIT_MB} MB`,
      left >= 0 ? `${megabytes(left)} are left` : `${megabytes(-left)} too much: it does not fit a Worker`,
    ],
    ['KV cache', `${manifest.kvBytesPerToken.toLocaleString('en')} bytes per token`],
  ]);
}
