/** Sources of kernels that V8 needs unrolled, by file name: each is written by one function from one readable description. */
export const templates: Readonly<Record<string, () => string>> = {};
