import { invalidFile } from '../../core/invalid-file.ts';
import type { SourceTensor, TensorSource } from '../tensors/tensor-source.ts';
import type { DecoderPlan } from './architecture.ts';

/**
 * Finds each of a plan's tensors in a checkpoint, with or without the plan's prefix, before anything is written. Of a
 * table and a head that are the same tensor, `safetensors.torch.save_model` saves only one, which may be the head. Some
 * old checkpoints have both.
 * @returns the checkpoint's tensors by the plan's names
 * @throws GptEdgeError `invalid_file`, naming a tensor that is missing, has a shape other than config.json implies, or
 *   is left over
 */
export function matchTensors(plan: DecoderPlan, weights: TensorSource): Map<string, SourceTensor> {
  const { tensors, file = 'model.safetensors' } = weights;
  const invalid = (problem: string) => invalidFile(file, problem);
  const found = namesOf(plan, weights);
  const matched = new Map<string, SourceTensor>();
  for (const [name, shape] of plan.tensors) {
    const tensor = found.get(name) ?? (name === plan.tied?.table ? found.get(plan.tied.head) : undefined);
    if (!tensor) throw invalid(`has no tensor ${name}, which config.json asks for`);
    if (tensor.shape.join() !== shape.join())
      throw invalid(`tensor ${tensor.name}: shape [${tensor.shape}] is not the [${shape}] that config.json asks for`);
    matched.set(name, tensor);
  }
  for (const tensor of tensors.values()) {
    const name = planName(tensor.name, plan);
    // Two tensors may differ only by the prefix: then only one of them was matched.
    const isPart = matched.get(name) === tensor || name === plan.tied?.head || plan.isIgnored(name);
    if (!isPart) throw invalid(`tensor ${tensor.name}: is not part of this architecture`);
  }
  return matched;
}

/** A checkpoint's tensors by the plan's names. */
export function namesOf(plan: DecoderPlan, { tensors }: TensorSource): Map<string, SourceTensor> {
  return new Map([...tensors.values()].map((tensor) => [planName(tensor.name, plan), tensor]));
}

/** Returns the plan's name of a tensor: without the prefix, and the usual one if the checkpoint has another. */
export function planName(name: string, { prefix, otherNames = {} }: DecoderPlan): string {
  const own = name.startsWith(prefix) ? name.slice(prefix.length) : name;
  return Object.hasOwn(otherNames, own) ? otherNames[own] : own;
}
