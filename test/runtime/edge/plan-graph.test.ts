import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { declareDecoder, keepLastPositions } from '../../../src/convert/graph/decoder-inputs.ts';
import { ElementType, GraphBuilder, MICROSOFT } from '../../../src/convert/graph/graph-builder.ts';
import { writeGroupQueryAttention } from '../../../src/convert/graph/group-query-attention.ts';
import { ModelProtoSchema, NodeProtoSchema, type TensorProto } from '../../../src/core/onnx/onnx-ml_pb.js';
import { modelGraph } from '../../../src/runtime/edge/graph/model-graph.ts';
import { type EdgePlan, planGraph } from '../../../src/runtime/edge/plan/plan-graph.ts';

const WIDTH = 32;
const VOCABULARY = 40;
const OPTIONS = { contextWindow: 64, vocabularySize: VOCABULARY, cacheFormat: 'f32' } as const;

/** What a test changes in a decoder that is otherwise valid. */
interface Variation {
  /** Between embedding and attention: rows of WIDTH to rows of WIDTH. */
  readonly middle?: (graph: GraphBuilder, x: string) => string;
  readonly attention?: Record<string, unknown>;
  readonly head?: (graph: GraphBuilder, x: string) => string;
}

let offset = 0;
/** Declares a weight, whose bytes are never read. */
function weight(graph: GraphBuilder, name: string, shape: readonly number[], type = ElementType.FLOAT): string {
  const length = shape.reduce((product, size) => product * size, type === ElementType.FLOAT ? 4 : 1);
  offset += length;
  return graph.weight(name, type, shape, { offset: offset - length, length });
}

function decoder({ middle = (_, x) => x, attention = {}, head }: Variation = {}): GraphBuilder {
  const graph = new GraphBuilder('test');
  const inputs = declareDecoder(
    graph,
    { layers: 1, keyValueHeads: 2, headDimension: 16 },
    { vocabularySize: VOCABULARY, positionIds: true },
  );
  const x = middle(graph, graph.node('Gather', 'embedding', [weight(graph, 'tokens', [VOCABULARY, WIDTH]), inputs.inputIds]));
  const project = (name: string) => graph.node('MatMul', name, [x, weight(graph, `${name}.weight`, [WIDTH, 32])]);
  const node = {
    name: 'attention',
    layer: 0,
    query: project('query'),
    key: project('key'),
    value: project('value'),
    heads: 2,
    keyValueHeads: 2,
    scale: 0.25,
  };
  const attended = writeGroupQueryAttention(graph, inputs, { ...node, ...attention });
  const last = keepLastPositions(graph, attended, inputs);
  if (head) head(graph, last);
  else graph.node('MatMul', 'logits', [last, weight(graph, 'head', [WIDTH, VOCABULARY])]);
  return graph;
}

function plan(graph: GraphBuilder, options: Partial<typeof OPTIONS> = {}): EdgePlan {
  return planGraph(modelGraph(fromBinary(ModelProtoSchema, graph.toBytes()).graph!), { ...OPTIONS, ...options });
}

const kernelsOf = ({ body, head }: EdgePlan) => ({ body: body.map(({ kernel }) => kernel), head: head.map(({ kernel }) => kernel) });

describe('planGraph', () => {
  it('should compute what the cache needs for every position, and the rest for the last ones only', () => {
    expect(kernelsOf(plan(decoder()))).toEqual({
      body: ['gatherF32', 'matMulF32', 'matMulF32', 'appendF32'],
      head: ['matMulF32', 'attendF32', 'matMulF32'],
    });
  });

  it('should fuse operators for which there is one kernel', () => {
    const silu = (graph: GraphBuilder, x: string) => graph.node('Mul', 'silu', [x, graph.node('Sigmoid', 'sigmoid', [x])]);
    expect(kernelsOf(plan(decoder({ middle: silu }))).body).toContain('silu');
    const swiGlu = (graph: GraphBuilder, x: string) => graph.node('Mul', 'gated', [silu(graph, x), x]);
    const { body } = kernelsOf(plan(decoder({ middle: swiGlu })));
    expect(body.filter((kernel) => ['sigmoid', 'silu', 'multiply', 'swiGlu'].includes(kernel))).toEqual(['swiGlu']);
  });

  it('should normalize each part of a row, whether the graph counts parts as positions or not, and repeat a single number', () => {
    const normed = (shape: readonly bigint[]) => (graph: GraphBuilder, x: string) => {
      const parts = graph.node('Reshape', 'parts', [x, graph.constant('shape', shape)]);
      const norm = graph.node('SimplifiedLayerNormalization', 'norm', [parts, weight(graph, 'gain', [16])]);
      return graph.node('Mul', 'scaled', [
        graph.node('Reshape', 'whole', [norm, graph.constant('all', [0n, -1n, 32n])]),
        graph.float('half', 0.5),
      ]);
    };
    for (const shape of [
      [0n, 0n, 2n, 16n],
      [0n, -1n, 16n],
    ]) {
      const planned = plan(decoder({ middle: normed(shape) }));
      expect(kernelsOf(planned).body.filter((kernel) => kernel === 'rmsNorm')).toHaveLength(2);
      expect(planned.weights.find(({ name }) => name === 'half')).toMatchObject({ inputs: 32, bytes: 128 });
    }
  });

  it('should quantize activations once, however many matrices they are multiplied by', () => {
    const codes = (graph: GraphBuilder, name: string, x: string) =>
      graph.node(
        'MatMulNBits',
        name,
        [x, weight(graph, `${name}.codes`, [WIDTH, 1, 16], ElementType.UINT8), weight(graph, `${name}.scales`, [WIDTH, 1])],
        { domain: MICROSOFT, attributes: { K: BigInt(WIDTH), N: BigInt(WIDTH), bits: 4n, block_size: 32n } },
      );
    const both = (graph: GraphBuilder, x: string) => graph.node('Add', 'sum', [codes(graph, 'a', x), codes(graph, 'b', x)]);
    const { body } = kernelsOf(plan(decoder({ middle: both })));
    expect(body.filter((kernel) => kernel.includes('Q4'))).toEqual(['quantizeForQ4', 'matMulQ4', 'matMulQ4']);
  });

  it('should keep keys and values in the format that is asked for', () => {
    const precise = plan(decoder());
    const small = plan(decoder(), { cacheFormat: 'q8' } as never);
    expect(kernelsOf(small).body).toContain('appendQ8');
    // Two heads of 16 dimensions: 4 bytes each, or 1 and a scale.
    expect([precise.cache.blockBytes / precise.cache.blockPositions, small.cache.blockBytes / small.cache.blockPositions]).toEqual([
      256, 80,
    ]);
  });

  const gate = (attributes: Record<string, bigint | number | string>, operator = 'Gelu') => ({
    middle: (graph: GraphBuilder, x: string) => graph.node(operator, 'odd one', [x], { attributes }),
  });
  const refused: [string, Variation, RegExp][] = [
    ['an operator that it does not know', gate({}, 'Erf'), /node "odd one" has the operator "Erf".*engine: ort/],
    ['an attribute that it does not know', gate({ fancy: 1n }), /node "odd one" \(Gelu\) has the attribute "fancy"/],
    ['a value of an attribute that it does not know', gate({ approximate: 'cubic' }), /approximate cubic/],
    [
      'a matrix that does not fit',
      { head: (graph, x) => graph.node('MatMul', 'logits', [x, weight(graph, 'head', [WIDTH + 1, VOCABULARY])]) },
      /"logits" \(MatMul\) multiplies rows of 32 by a matrix of 33 inputs/,
    ],
    [
      'logits of another vocabulary',
      { head: (graph, x) => graph.node('MatMul', 'logits', [x, weight(graph, 'head', [WIDTH, 41])]) },
      /logits are not rows of 40/,
    ],
    ['heads that do not divide', { attention: { heads: 3 } }, /has 3 heads and 2/],
    [
      'a norm over more than the last axis',
      { middle: (graph, x) => graph.node('LayerNormalization', 'norm', [x, weight(graph, 'gain', [WIDTH])], { attributes: { axis: 1n } }) },
      /is over axis 1/,
    ],
    [
      'a vector of another width',
      { middle: (graph, x) => graph.node('Add', 'sum', [x, weight(graph, 'bias', [31])]) },
      /stored vector of 32 values as "bias"/,
    ],
    [
      'a table that is too short for the vocabulary',
      { middle: (graph) => graph.node('Gather', 'rows', [weight(graph, 'short', [39, WIDTH]), 'input_ids']) },
      /table of 39 rows for 40 tokens/,
    ],
    [
      'a table that is too short for the context window',
      { middle: (graph) => graph.node('Gather', 'rows', [weight(graph, 'short', [63, WIDTH]), 'position_ids']) },
      /table of 63 rows for 64 positions/,
    ],
    ['a value that no node makes', { middle: (graph, x) => graph.node('Add', 'sum', [x, 'nowhere']) }, /nothing makes the value "nowhere"/],
    [
      'a cast to another type',
      { middle: (graph, x) => graph.node('Cast', 'cast', [x], { attributes: { to: 10n } }) },
      /a type other than float32/,
    ],
    [
      'a reshape across positions',
      { middle: (graph, x) => graph.node('Reshape', 'odd', [x, graph.constant('shape', [1n, -1n, 64n])]) },
      /from one position to another/,
    ],
    [
      'a product of rows whose parts count as positions',
      { middle: (graph, x) => graph.node('Reshape', 'folded', [x, graph.constant('shape', [1n, -1n, 16n])]) },
      /reads "folded", in which parts of a row count as positions/,
    ],
    [
      'a product of rows of parts',
      { middle: (graph, x) => graph.node('Reshape', 'parts', [x, graph.constant('shape', [0n, 0n, 2n, 16n])]) },
      /multiplies rows of the shape \[2,16\]/,
    ],
    [
      'a transposed vector',
      { middle: (graph, x) => graph.node('Add', 'sum', [x, graph.node('Transpose', 'swapped', [weight(graph, 'bias', [WIDTH, 1])])]) },
      /stored vector of 32 values as "swapped"/,
    ],
    [
      'a transposed table that is too short',
      {
        middle: (graph) =>
          graph.node('Gather', 'rows', [graph.node('Transpose', 'swapped', [weight(graph, 'wide', [WIDTH, 39])]), 'input_ids']),
      },
      /table of 39 rows for 40 tokens/,
    ],
    ['a transposition of rows', { middle: (graph, x) => graph.node('Transpose', 'odd', [x]) }, /needs a stored weight as "embedding"/],
    [
      'a division that leaves something over',
      {
        middle: (graph, x) =>
          graph.node('Split', 'a', [x, graph.constant('sizes', [16n, 12n])], { outputs: ['a', 'b'], attributes: { axis: -1n } }),
      },
      /divides rows of 32 into \[16,12\]/,
    ],
    [
      'a division of positions',
      { middle: (graph, x) => graph.node('Split', 'a', [x], { outputs: ['a', 'b'], attributes: { axis: 1n } }) },
      /divides axis 1, and not rows/,
    ],
    [
      'a norm of parts that its kernel cannot read',
      {
        middle: (graph, x) => {
          const parts = graph.node('Reshape', 'parts', [x, graph.constant('shape', [0n, 0n, 16n, 2n])]);
          return graph.node('SimplifiedLayerNormalization', 'norm', [parts, weight(graph, 'gain', [2])]);
        },
      },
      /"norm" \(SimplifiedLayerNormalization\) is over parts of 2 values, a multiple of 4 expected/,
    ],
    [
      'a rotation of what is read under another name, too',
      {
        middle: (graph, x) => {
          weight(graph, 'waves', [64, 8]);
          graph.node('Identity', 'same', [x]);
          return x;
        },
        attention: { query: 'same', rotary: { cos: 'waves', sin: 'waves' } },
      },
      /rotates its input same in place, but something else reads it too/,
    ],
  ];
  it.each(refused)('should refuse %s, and name the way out', (_, variation, message) => {
    expect(() => plan(decoder(variation))).toThrow(
      expect.objectContaining({ code: 'unsupported_model', message: expect.stringMatching(message) }),
    );
  });

  it('should refuse an input that is not an input of decoders', () => {
    const graph = fromBinary(ModelProtoSchema, decoder().toBytes()).graph!;
    graph.input.find(({ name }) => name === 'past_key_values.0.key')!.name = 'past_key_values.00.key';
    expect(() => planGraph(modelGraph(graph), OPTIONS)).toThrow(/its input "past_key_values\.00\.key" is not an input of decoders/);
  });

  it('should refuse lengths that are not those of the attention mask', () => {
    const graph = fromBinary(ModelProtoSchema, decoder().toBytes()).graph!;
    graph.node.find(({ opType }) => opType === 'ReduceSum')!.opType = 'Neg';
    expect(() => planGraph(modelGraph(graph), OPTIONS)).toThrow(/sequence lengths that are not those of the attention mask/);
  });

  it.each<[string, Partial<TensorProto>, RegExp]>([
    ['a negative dimension', { dims: [-1n, 40n] }, /has the shape \[-1,40\]/],
    ['more bytes than its shape takes', { dims: [WIDTH, 39].map(BigInt) }, /is not the \d+ bytes/],
    ['a type that no weight has', { dataType: ElementType.STRING }, /elements of type STRING/],
    ['more dimensions than there can be', { dims: new Array<bigint>(9).fill(1n) }, /9 dimensions, more than 8/],
  ])('should refuse a tensor of %s', (_, damage, message) => {
    const graph = fromBinary(ModelProtoSchema, decoder().toBytes()).graph!;
    Object.assign(graph.initializer.find(({ name }) => name === 'head')!, damage);
    expect(() => modelGraph(graph)).toThrow(message);
  });

  it('should refuse more nodes than any decoder has', () => {
    const model = fromBinary(ModelProtoSchema, decoder().toBytes());
    model.graph!.node.push(...Array.from({ length: 2 ** 15 }, () => create(NodeProtoSchema, { opType: 'Identity' })));
    const { graph } = fromBinary(ModelProtoSchema, toBinary(ModelProtoSchema, model));
    expect(() => modelGraph(graph!)).toThrow(/nodes, more than 32768/);
  });
});
