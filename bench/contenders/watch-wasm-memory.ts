/**
 * onnxruntime-web keeps its memory to itself; standing in for the constructor is the one way to see how large it grows.
 * @returns bytes of the largest memory that was made since
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
