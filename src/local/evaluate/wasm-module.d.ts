/**
 * The type of a `.wasm` import, as the Worker's types declare it. The decoder's types are shared with the Worker and
 * lead to such an import, which is never loaded in Node.
 */
declare module '*.wasm' {
  const module: WebAssembly.Module;
  export default module;
}
