/** Gelu's attribute `approximate` for each activation, by transformers' names. gelu_new and gelu_pytorch_tanh are the same function. */
export const GPT_ACTIVATIONS: Readonly<Record<string, 'tanh' | 'none'>> = { gelu_new: 'tanh', gelu_pytorch_tanh: 'tanh', gelu: 'none' };
