/** Takes the place of onnxruntime-web and of its WebAssembly in a build for the edge engine alone. */
export default undefined;
