import { GptEdgeError } from '../../core/errors.ts';
import { quantizeRows, type RowQuantizer } from '../quantize/quantize-rows.ts';
import type { Dtype } from './dtype.ts';
import { fp16, fp32 } from './float-dtypes.ts';
import { q4, q8, quantizedDtype } from './quantized-dtypes.ts';
import { withEmbeddings } from './with-embeddings.ts';

const FLOAT_DTYPES: readonly Dtype[] = [fp32, fp16];
const QUANTIZED_FORMATS = [q8, q4];

/** The dtypes that weights can be stored in, by the names that `convertModel` takes. */
export const dtypeNames: readonly string[] = [...FLOAT_DTYPES, ...QUANTIZED_FORMATS].map(({ name }) => name);

/** The dtypes that embeddings and output heads can be stored in, by name. `same` stores them as all other matrices. */
export const embeddingNames: readonly string[] = [...QUANTIZED_FORMATS.map(({ name }) => name), 'same'];

/**
 * Finds a dtype by name. The dtype of embeddings also applies to output heads and learned positions. These suffer more
 * than other matrices from 4 bits: the default model in q4 loses 0.027 nats per token with tables in q8, and 0.038 with
 * everything in q4, which takes 13 % less room.
 * @param name one of `dtypeNames`
 * @param embeddings one of `embeddingNames`. Default: q8 with q4, otherwise `same`
 * @param quantize quantizes the rows of each weight
 * @throws GptEdgeError `invalid_value` for an unknown name
 */
export function findDtype(name: string, embeddings = name === q4.name ? q8.name : 'same', quantize: RowQuantizer = quantizeRows): Dtype {
  const quantized = QUANTIZED_FORMATS.map((format) => quantizedDtype(format, quantize));
  const dtype = [...FLOAT_DTYPES, ...quantized].find((candidate) => candidate.name === name);
  if (!dtype) throw unknownName('dtype', name, dtypeNames);
  if (embeddings === 'same') return dtype;
  const tables = quantized.find((candidate) => candidate.name === embeddings);
  if (!tables) throw unknownName('embeddings', embeddings, embeddingNames);
  return withEmbeddings(dtype, tables);
}

function unknownName(param: string, name: string, names: readonly string[]): GptEdgeError {
  return new GptEdgeError('invalid_value', `${param} ${JSON.stringify(name)} is not one of ${names.join(', ')}`, { param });
}
