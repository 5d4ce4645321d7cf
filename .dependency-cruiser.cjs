/** The layers: imports run downwards only. Each folder lists what it may import from src. */
const layers = {
  core: [],
  kernels: [],
  tokenizer: ['core'],
  storage: ['core'],
  constrain: ['core'],
  runtime: ['kernels', 'core'],
  convert: ['tokenizer', 'core'],
  generation: ['constrain', 'tokenizer', 'core'],
  access: ['core'],
  batch: ['core'],
  api: ['access', 'batch', 'generation', 'constrain', 'tokenizer', 'core'],
  page: ['api'],
  'workers-ai': [],
  worker: ['api', 'access', 'batch', 'generation', 'constrain', 'tokenizer', 'runtime', 'kernels', 'storage', 'core'],
  'engine-object': ['worker', 'access', 'api', 'generation', 'core'],
  // What the Worker reads from its variables is planned here before it runs.
  local: [
    'workers-ai',
    'convert',
    'generation',
    'constrain',
    'tokenizer',
    'runtime',
    'kernels',
    'core',
    'access',
    'worker/worker-variables',
    'worker/access-variables',
    'worker/batch-variables',
    'engine-object/place-variables',
    'api/access/key-schema',
    'api/openai/schemas/ready-schema',
  ],
  cli: ['local', 'api/access/key-schema', 'convert', 'runtime', 'core', 'engine-object/place-variables'],
  library: [
    'workers-ai',
    'engine-object',
    'worker',
    'access',
    'batch',
    'api',
    'local',
    'generation',
    'constrain',
    'tokenizer',
    'runtime',
    'kernels',
    'storage',
    'core',
  ],
};

/** The layers inside of convert. The files at its root stand on all of them. */
const convertLayers = {
  files: [],
  tensors: [],
  tokenizers: [],
  graph: [],
  'model-folder': ['files'],
  quantize: ['tensors'],
  dtypes: ['quantize', 'graph', 'tensors'],
  architectures: ['dtypes', 'graph', 'tensors'],
  sources: ['architectures', 'dtypes', 'model-folder', 'graph', 'tokenizers', 'tensors', 'files'],
};

/** One rule for each folder in `root`: of what lies in `root`, it imports only itself and the folders or files listed for it. */
const layerRules = (root, table) =>
  Object.entries(table).map(([layer, below]) => ({
    name: `${root}${layer}-imports-downwards`,
    severity: 'error',
    from: { path: `^${root}${layer}/` },
    to: { path: `^${root}`, pathNot: `^${root}(${[layer, ...below].join('|')})[/.]` },
  }));

module.exports = {
  forbidden: [
    ...layerRules('src/', layers),
    ...layerRules('src/convert/', convertLayers),
    {
      name: 'page-takes-types-only',
      comment: "The browser's code knows the API by its types alone.",
      severity: 'error',
      from: { path: '^src/page/' },
      to: { path: '^src/(?!page/)', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-reference-in-production',
      comment: 'The reference kernels are slow: they are the specification, and only tests run them.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/kernels/reference/' },
      to: { path: '^src/kernels/reference/' },
    },
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'worker-without-node',
      comment: 'The Worker bundle stays importable without Node built-ins.',
      severity: 'error',
      from: { path: '^src/(worker|engine-object|access|batch|api|generation|tokenizer|runtime|storage|core|page)' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'storage-knows-no-onnx',
      comment: 'Storage hands out bytes; what they mean is for the engines to know.',
      severity: 'error',
      from: { path: '^src/storage/' },
      to: { path: '^src/core/onnx/' },
    },
    {
      name: 'onnxruntime-in-one-module',
      comment: 'A build without onnxruntime-web replaces that module. In Node, where gpt-edge eval runs it, it is loaded in another way.',
      severity: 'error',
      from: { pathNot: '^src/(runtime/ort/onnxruntime|local/evaluate/onnx-session).ts$' },
      to: { path: 'onnxruntime-web' },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^(cloudflare:|onnxruntime-web)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
};
