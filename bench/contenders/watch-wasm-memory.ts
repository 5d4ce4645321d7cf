/**
 * Watches every WebAssembly memory that is made from now on. onnxruntime-web does not expose its memory, so replacing
 * the constructor is the only way to see how large it grows.
 * @returns a function that gives the bytes of the largest memory so far
 */
export function watchWasmMemory(): () => number {
  const memories: WebAssembly.Memory[] = [];
  WebAssembly.Memory = class extends WebAssembly.Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      memories.push(this);
    }
  };
  return () => Math.max(0, ...memories.map(({ buffer }) => buffer.byteLength));
}
