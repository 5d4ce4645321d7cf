/**
 * The files that the package ships, apart from dist/lib. A `*` stands for a hash of the file's content. A new file
 * needs a line here, and a new folder also one in `files` of package.json.
 */
export const SHIPPED: readonly string[] = [
  'LICENSE',
  'README.md',
  'package.json',
  'bin/gpt-edge.js',
  'dist/kernels/plain.wasm',
  'dist/kernels/relaxed.wasm',
  'dist/kernels/vnni.wasm',
  'dist/page/index.html',
  'dist/page/docs.html',
  'dist/page/assets/geist-*.woff2',
  'dist/page/assets/icon-*.svg',
  'dist/page/assets/licences-*.txt',
  'dist/page/assets/newsreader-*.woff2',
  'dist/page/assets/playground-*.css',
  'dist/page/assets/main-*.js',
  'dist/page/assets/reference-*.css',
  'dist/page/assets/reference-*.js',
  'model-assets/LICENSE',
  'model-assets/tinystories-gpt2/README.md',
  'model-assets/tinystories-gpt2/adapters/fairytale/adapter.bin',
  'model-assets/tinystories-gpt2/adapters/fairytale/adapter.json',
  'model-assets/tinystories-gpt2/config.json',
  'model-assets/tinystories-gpt2/generation_config.json',
  'model-assets/tinystories-gpt2/manifest.json',
  'model-assets/tinystories-gpt2/model.onnx',
  'model-assets/tinystories-gpt2/model.onnx_data',
  'model-assets/tinystories-gpt2/tokenizer.json',
  'model-assets/tinystories-gpt2/tokenizer_config.json',
  'template/README.md',
  'template/gitignore',
  'template/src/worker.ts',
  'template/wrangler.toml',
];

/** The path of a page's file as {@link SHIPPED} writes it. */
export const withoutHash = (path: string): string => path.replace(/^(dist\/page\/assets\/\w+-)\w{8}(?=\.)/, '$1*');

/**
 * The files that dist/lib may have for a source: the compiled module and its declarations, or a copy of what is not
 * compiled.
 */
export function compiled(source: string): readonly string[] {
  if (source.endsWith('.wasm')) return [`dist/lib/${source}`];
  if (source.endsWith('_pb.js') || source.endsWith('_pb.d.ts')) return [`dist/lib/${source}`];
  if (!source.endsWith('.ts') || source.endsWith('.d.ts')) return [];
  const module = source.slice(0, -'.ts'.length);
  return [`dist/lib/${module}.js`, `dist/lib/${module}.d.ts`];
}
