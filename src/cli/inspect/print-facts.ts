import type { Manifest } from '../../core/folder/manifest.ts';
import { printColumns } from '../printing/print-table.ts';

/** What is known of a model, whether it has been converted or not. */
export interface ModelFacts extends Omit<Manifest, 'format' | 'dtype' | 'files' | 'kvBytesPerToken'> {
  /** The dtype of a model folder, or the types of a checkpoint's tensors. */
  storedAs: string;
  /** Size on disk. */
  bytes: number;
}

/** Prints the facts of a model, one on each line. */
export function printFacts(facts: ModelFacts): void {
  const { heads, keyValueHeads, headDimension } = facts;
  const shared = keyValueHeads === heads ? '' : `, ${keyValueHeads} of keys and values`;
  const count = (value: number) => value.toLocaleString('en');
  printColumns([
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
