import { invalidFile } from '../../core/invalid-file.ts';
import type { SourceTensor, TensorSource } from '../tensors/tensor-source.ts';
import type { DecoderPlan } from './architecture.ts';

/**
 * Finds each of a plan's tensors in a checkpoint, with or without the plan's prefix, before anything is written.
 * @returns the checkpoint's tensors by the plan's names
 * @throws GptEdgeError `invalid_file`, naming a tensor that is missing, has a shape other than config.json implies, or
 *   is left over
 */
export function matchTensors(plan: DecoderPlan, { tensors, file = 'model.safetensors' }: TensorSource): Map<string, SourceTensor> {
  const invalid = (problem: string) => invalidFile(file, problem);
  const found = new Map([...tensors.values()].map((tensor) => [withoutPrefix(tensor.name, plan.prefix), tensor]));
  const matched = new Map<string, SourceTensor>();
  for (const [name, shape] of plan.tensors) {
    const tensor = found.get(name);
    if (!tensor) throw invalid(`has no tensor ${name}, which config.json asks for`);
    if (tensor.shape.join() !== shape.join())
      throw invalid(`tensor ${tensor.name}: shape [${tensor.shape}] is not the [${shape}] that config.json asks for`);
    matched.set(name, tensor);
  }
  for (const tensor of tensors.values()) {
    const name = withoutPrefix(tensor.name, plan.prefix);
    // Two tensors may differ only by the prefix: then only one of them was matched.
    if (matched.get(name) !== tensor && !plan.isIgnored(name)) throw invalid(`tensor ${tensor.name}: is not part of this architecture`);
  }
  return matched;
}

function withoutPrefix(name: string, prefix: string): string {
  return name.startsWith(prefix) ? name.slice(prefix.length) : name;
}
