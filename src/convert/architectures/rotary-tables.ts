import { GptEdgeError } from '../../core/errors.ts';
import { MAX_WEIGHTS_BYTES } from '../../core/limits.ts';
import type { GraphTarget } from '../dtypes/dtype.ts';
import { ElementType } from '../graph/graph-builder.ts';
import type { RotaryTables } from '../graph/group-query-attention.ts';
import type { RotaryWaves } from './rotary-frequencies.ts';

/**
 * Limit for one table. Llama 3's 131,072 positions of 64 pairs take 32 MiB a table, and one table is in memory at a
 * time.
 */
export const MAX_ROTARY_TABLE_BYTES = MAX_WEIGHTS_BYTES / 8;

/**
 * The sizes of the tables: a row for each position, a column for each pair of a head in the graph, padding included.
 */
export interface RotaryTableShape {
  readonly positions: number;
  readonly pairs: number;
}

/** @throws GptEdgeError `unsupported_model` if a table takes more than MAX_ROTARY_TABLE_BYTES */
export function checkRotaryTables({ positions, pairs }: RotaryTableShape): void {
  const bytes = 4 * positions * pairs;
  if (bytes <= MAX_ROTARY_TABLE_BYTES) return;
  const message =
    `config.json: max_position_embeddings: rotary tables of ${positions} positions by ${pairs} take ${bytes} bytes each, ` +
    `over the limit of ${MAX_ROTARY_TABLE_BYTES}; a smaller contextWindow needs less`;
  throw new GptEdgeError('unsupported_model', message, { param: 'config.json' });
}

/**
 * Stores the cosines and sines of every position's angles, [positions, pairs] each, as `<name>.cos` and `<name>.sin`.
 * They are float32 whatever the dtype, since an error here affects every query and key. Angles are rounded to float32,
 * like those that models were trained with. Pairs beyond the waves' are padding, which is not rotated.
 */
export async function writeRotaryTables(
  { graph, data }: GraphTarget,
  name: string,
  waves: RotaryWaves,
  shape: RotaryTableShape,
): Promise<RotaryTables> {
  const write = async (part: 'cos' | 'sin') => {
    const values = tabulate(waves, shape, Math[part]);
    return graph.weight(`${name}.${part}`, ElementType.FLOAT, [shape.positions, shape.pairs], await data.append(values));
  };
  return { cos: await write('cos'), sin: await write('sin') };
}

function tabulate({ frequencies, amplitude }: RotaryWaves, { positions, pairs }: RotaryTableShape, wave: (angle: number) => number) {
  const values = new Float32Array(positions * pairs).fill(wave(0));
  for (let position = 0; position < positions; position++)
    for (const [pair, frequency] of frequencies.entries())
      values[position * pairs + pair] = Math.fround(wave(Math.fround(position * frequency))) * Math.fround(amplitude);
  return values;
}
