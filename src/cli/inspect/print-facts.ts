import type { Manifest } from '../../core/folder/manifest.ts';
import { printLines } from '../printing/print-lines.ts';

/** What is known of a model, converted or not. */
export interface Facts extends Omit<Manifest, 'format' | 'dtype' | 'files' | 'kvBytesPerToken'> {
  storedAs: string;
  /** On disk. */
  bytes: number;
}

/** Prints the facts of a model, a line each. */
export function printFacts(facts: Facts): void {
  const { heads, keyValueHeads, headDimension } = facts;
  const shared = keyValueHeads === heads ? '' : `, ${keyValueHeads} of keys and values`;
  const count = (value: number) => value.toLocaleString('en');
  printLines([
    ['model', facts.id],
    [
      'architecture',
      `${facts.architecture}, ${facts.layers} layers of width ${facts.hiddenSize}, ${heads} heads of ${headDimension}${shared}`,
    ],
    ['parameters', count(facts.parameters)],
    ['context window', `${count(facts.contextWindow)} tokens`],
    ['vocabulary', `${count(facts.vocabularySize)} tokens, EOS ${facts.eosTokenIds.join(', ') || 'none'}`],
    ['stored as', `${facts.storedAs}, ${(facts.bytes / 1e6).toFixed(1)} MB on disk`],
    ['multiply-adds', `${(facts.multiplyAddsPerToken / 1e6).toFixed(1)} million per token`],
    ['licence', facts.license ?? 'not stated'],
    ['source', facts.source],
  ]);
}
