import type { MemoryViews } from '../memory-views.ts';
import type { RowKernels } from '../row-kernels.ts';
import { gelu, geluTanh, sigmoid, silu, tanh } from './activations.ts';
import { add, multiply } from './float32.ts';
import { binaryMap, unaryMap } from './rows/maps.ts';
import { layerNorm, rmsNorm } from './rows/norms.ts';
import { rotate } from './rows/rotate.ts';

export function rowTwins(views: MemoryViews): RowKernels {
  return {
    add: binaryMap(views, add),
    multiply: binaryMap(views, multiply),
    layerNorm: layerNorm(views),
    rmsNorm: rmsNorm(views),
    sigmoid: unaryMap(views, sigmoid),
    silu: unaryMap(views, silu),
    swiGlu: binaryMap(views, (gate, up) => multiply(silu(gate), up)),
    gelu: unaryMap(views, gelu),
    geluTanh: unaryMap(views, geluTanh),
    tanh: unaryMap(views, tanh),
    rotate: rotate(views),
  };
}
