/** Takes the place of onnxruntime-web, and of its WebAssembly, in a build with only the edge engine. */
export default undefined;
