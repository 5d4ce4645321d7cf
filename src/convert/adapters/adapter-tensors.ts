import { GptEdgeError } from '../../core/errors.ts';
import { invalidFile, showText } from '../../core/invalid-file.ts';
import type { SourceTensor, TensorSource } from '../tensors/tensor-source.ts';

/** The file of an adapter's matrices. */
export const ADAPTER_WEIGHTS = 'adapter_model.safetensors';

/** Names as PEFT saves them: `base_model.model.<module>.lora_A.weight`. */
const MATRIX_NAME = /^base_model\.model\.(.+)\.lora_([AB])\.weight$/;
/** Names of what else an adapter may hold, and what it is. */
const OTHERS: readonly [name: RegExp, what: string][] = [
  [/\.lora_embedding_[AB]$/, 'changes the embeddings'],
  [/(^|\.)lora_magnitude_vector(\.|$)/, 'belongs to DoRA'],
  [/\.lora_[AB]\.bias$/, 'is a bias'],
  [/\.bias$/, 'is a bias'],
  [/(^|\.)modules_to_save\./, 'is a module of its own (modules_to_save)'],
];

/** Both matrices of a module. */
export interface ModuleTensors {
  /** A: [rank, inputs] */
  readonly A: SourceTensor;
  /** B: [outputs, rank] */
  readonly B: SourceTensor;
}

/**
 * Finds the matrices of each module.
 * @returns them by the module's name in the base model
 * @throws GptEdgeError `unsupported_model` for a tensor that is no such matrix, `invalid_file` for a module with one of
 *   them alone
 */
export function moduleTensors({ tensors }: TensorSource): Map<string, ModuleTensors> {
  const parts = new Map<string, Partial<ModuleTensors>>();
  for (const tensor of tensors.values()) {
    const [, module, part] = MATRIX_NAME.exec(tensor.name) ?? refuse(tensor.name);
    parts.set(module, { ...parts.get(module), [part]: tensor });
  }
  if (parts.size === 0) throw invalidFile(ADAPTER_WEIGHTS, 'holds no tensors');
  return new Map(
    [...parts].map(([module, { A, B }]) => {
      if (!A || !B) throw invalidFile(ADAPTER_WEIGHTS, `${showText(module)} has no tensor lora_${A ? 'B' : 'A'}.weight`);
      return [module, { A, B }];
    }),
  );
}

function refuse(name: string): never {
  const what = OTHERS.find(([pattern]) => pattern.test(name))?.[1] ?? 'is not a matrix lora_A or lora_B of a module';
  throw new GptEdgeError('unsupported_model', `${ADAPTER_WEIGHTS}: tensor ${showText(name)} ${what}, which is not implemented`, {
    param: ADAPTER_WEIGHTS,
  });
}

/**
 * Checks the shapes of a module's matrices.
 * @throws GptEdgeError `invalid_file`, naming the tensor
 */
export function checkShapes({ A, B }: ModuleTensors, { inputs, outputs, rank }: { inputs: number; outputs: number; rank: number }): void {
  for (const [tensor, expected] of [
    [A, [rank, inputs]],
    [B, [outputs, rank]],
  ] as const)
    if (tensor.shape.join() !== expected.join())
      throw invalidFile(
        ADAPTER_WEIGHTS,
        `tensor ${showText(tensor.name)}: shape [${tensor.shape}] is not the [${expected}] that the base model and ${'adapter_config.json'} ask for; was the adapter made for this model?`,
      );
}
