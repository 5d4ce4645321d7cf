import { GptEdgeError } from '../../../core/errors.ts';
import type { ModelFiles } from '../../../core/folder/model-files.ts';
import { showText } from '../../../core/invalid-file.ts';
import type { StoredTensor } from '../graph/stored-tensor.ts';
import type { LoadTarget, TensorSink } from './sink.ts';
import { weightSinks } from './weight-sinks.ts';

/**
 * Streams the weights into WebAssembly memory, and rearranges them on the way into the kernels' layout. Apart from that
 * memory, it holds only two pieces of a file at a time, and the scales of a matrix whose scales have to be collected.
 * @throws GptEdgeError `model_unavailable` for files that are missing or damaged, or shorter than the graph says
 */
export async function loadWeights(target: LoadTarget, files: ModelFiles): Promise<void> {
  const sinks = target.plan.weights.flatMap((weight, index) => weightSinks(target, weight, target.layout.weights[index]));
  for (const { tensor, sink } of sinks) if (tensor.bytes) sink.write(tensor.bytes);
  const stored = sinks.filter(({ tensor }) => tensor.bytes === undefined);
  for (const file of new Set(stored.map(({ tensor }) => tensor.file))) await loadFile(file, stored, files);
}

async function loadFile(file: string, sinks: readonly TensorSink[], files: ModelFiles): Promise<void> {
  const length = files.manifest.files[file]?.bytes ?? 0;
  const wanted = sinks.filter(({ tensor }) => tensor.file === file).sort((a, b) => a.tensor.offset - b.tensor.offset);
  for (const { tensor } of wanted) if (end(tensor) > length) throw missing(files.manifest.id, tensor, length);
  let position = 0;
  // Tensors are sorted by where they begin. They may overlap, because two tensors may share the same bytes.
  let begun = 0;
  let open: TensorSink[] = [];
  for await (const piece of files.stream(file)) {
    const next = position + piece.length;
    while (begun < wanted.length && wanted[begun].tensor.offset < next) open.push(wanted[begun++]);
    for (const { tensor, sink } of open)
      sink.write(piece.subarray(Math.max(0, tensor.offset - position), Math.min(piece.length, end(tensor) - position)));
    open = open.filter(({ tensor }) => end(tensor) > next);
    position = next;
  }
}

const end = ({ offset, byteLength }: StoredTensor): number => offset + byteLength;

function missing(model: string, { name, file, offset, byteLength }: StoredTensor, length: number): GptEdgeError {
  return new GptEdgeError(
    'model_unavailable',
    `${model}: the tensor ${showText(name)} lies in bytes ${offset} to ${offset + byteLength} of ${showText(file)}, which has ${length}.`,
    { param: 'model' },
  );
}
