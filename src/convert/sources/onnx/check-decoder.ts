import { GptEdgeError } from '../../../core/errors.ts';
import { showText } from '../../../core/invalid-file.ts';
import { MAX_LAYERS } from '../../../core/limits.ts';
import {
  CACHE_PARTS,
  DECODER_INPUTS,
  fedInputs,
  LOGITS,
  parsePastName,
  parsePresentName,
  pastName,
  presentName,
} from '../../../core/onnx/decoder-io.ts';
import { TensorProto_DataType as ElementType, type GraphProto, type ValueInfoProto } from '../../../core/onnx/onnx-ml_pb.js';

/** The sizes that a decoder's inputs and outputs state. A size that the graph leaves open is undefined. */
export interface DecoderInterface {
  readonly layers: number;
  readonly keyValueHeads?: number;
  readonly headDimension?: number;
  readonly vocabularySize?: number;
}

/**
 * Checks that a graph is a decoder in the form of transformers.js: its inputs and outputs have the names and types that
 * engines expect.
 * @param file names the graph in messages
 * @throws GptEdgeError `unsupported_model`, naming the input or output at fault and the reason
 */
export function checkDecoder(graph: GraphProto, file: string): DecoderInterface {
  const fail = (problem: string) => new GptEdgeError('unsupported_model', `${file}: ${problem}`, { param: file });
  const inputs = describe(fedInputs(graph));
  const outputs = describe(graph.output);
  for (const name of inputs.keys())
    if (!Object.hasOwn(DECODER_INPUTS, name) && !parsePastName(name)) throw fail(describeUnknown('input', name));
  for (const name of outputs.keys()) if (name !== LOGITS && !parsePresentName(name)) throw fail(describeUnknown('output', name));
  for (const name of Object.keys(DECODER_INPUTS)) checkInput(name, inputs.get(name), fail);
  const logits = outputs.get(LOGITS);
  if (!logits) throw fail('has no output logits');
  checkValue(LOGITS, logits, { type: ElementType.FLOAT, rank: 3, open: [1] }, fail);
  return { ...checkCaches(inputs, outputs, fail), vocabularySize: logits.dims[2] };
}

function describeUnknown(kind: string, name: string): string {
  return `${kind} ${showText(name)} is none that decoders in transformers.js' form have`;
}

interface Value {
  readonly type: number;
  /** The size of each dimension, or undefined for a size that each call chooses. */
  readonly dims: readonly (number | undefined)[];
}
type Fail = (problem: string) => GptEdgeError;

function describe(values: readonly ValueInfoProto[]): Map<string, Value> {
  return new Map(
    values.map(({ name, type }) => {
      const tensor = type?.value.case === 'tensorType' ? type.value.value : undefined;
      const dims = (tensor?.shape?.dim ?? []).map(({ value }) => (value.case === 'dimValue' ? Number(value.value) : undefined));
      return [name, { type: tensor?.elemType ?? 0, dims }];
    }),
  );
}

function checkInput(name: string, value: Value | undefined, fail: Fail): void {
  const { isRequired, dims } = DECODER_INPUTS[name];
  if (!value && isRequired) throw fail(`has no input ${name}`);
  if (!value) return;
  checkValue(name, value, { type: ElementType.INT64, rank: dims.length, open: dims.length === 0 ? [] : [1] }, fail);
}

/**
 * Checks one input or output. An engine feeds one sequence of any length: the batch may be fixed at 1, the axes in
 * `open` may not be fixed.
 */
function checkValue(name: string, { type, dims }: Value, expected: { type: number; rank: number; open: number[] }, fail: Fail): void {
  if (type !== expected.type)
    throw fail(`${name} is of type ${ElementType[type] ?? type}; the engine takes ${ElementType[expected.type]} here alone`);
  if (dims.length !== expected.rank) throw fail(`${name} has ${dims.length} dimensions, ${expected.rank} expected`);
  if (dims.length > 0 && dims[0] !== undefined && dims[0] !== 1) throw fail(`${name} is made for a batch of ${dims[0]}`);
  for (const axis of expected.open)
    if (dims[axis] !== undefined) throw fail(`${name} is made for ${dims[axis]} positions; a sequence has any number`);
}

function checkCaches(inputs: ReadonlyMap<string, Value>, outputs: ReadonlyMap<string, Value>, fail: Fail) {
  const layers = [...inputs.keys()].filter(parsePastName).length / 2;
  if (layers < 1 || layers > MAX_LAYERS) throw fail(`has caches for ${layers} layers, 1 to ${MAX_LAYERS} expected`);
  const sizes = new Set<string>();
  for (let layer = 0; layer < layers; layer++)
    for (const part of CACHE_PARTS)
      for (const [nameOf, values] of [[pastName, inputs] as const, [presentName, outputs] as const]) {
        const name = nameOf({ layer, part });
        const cache = values.get(name);
        if (!cache) throw fail(`has no ${values === inputs ? 'input' : 'output'} ${name}`);
        checkValue(name, cache, { type: ElementType.FLOAT, rank: 4, open: [2] }, fail);
        // A graph may leave the sizes of its outputs open.
        if (values === inputs) sizes.add(`${cache.dims[1] ?? ''},${cache.dims[3] ?? ''}`);
      }
  if (sizes.size > 1) throw fail(`past_key_values have several sizes (heads,size): ${[...sizes].slice(0, 4).join('; ')}`);
  // One for each that was looked up: more are in a layer of their own.
  const presents = [...outputs.keys()].filter(parsePresentName).length;
  if (presents !== 2 * layers) throw fail(`gives out ${presents} caches and takes in ${2 * layers}`);
  const [, keyValueHeads, , headDimension] = inputs.get(pastName({ layer: 0, part: 'key' }))!.dims;
  return { layers, keyValueHeads, headDimension };
}
