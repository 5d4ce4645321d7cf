/** What the Worker's types say of a `.wasm` import: the decoder's types, shared with the Worker, lead to one that is never loaded here. */
declare module '*.wasm' {
  const module: WebAssembly.Module;
  export default module;
}
