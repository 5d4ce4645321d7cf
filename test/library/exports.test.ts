import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { PACKAGE } from '../../src/local/project-paths.ts';

/** What each entry of the package exports. Removing or renaming one breaks the programs of its users. */
const EXPORTS: Record<string, { values: string[]; types: string[] }> = {
  'library/index': {
    values: [
      'AccessObject',
      'BatchObject',
      'ERROR_CODES',
      'EngineObject',
      'GptEdgeError',
      'IsolateModels',
      'accessFromEnv',
      'createApp',
      'frontFromEnv',
      'handedAccessFromEnv',
      'modelsFromEnv',
      'withGrant',
    ],
    types: [
      'AccessBindings',
      'AccessParts',
      'AppOptions',
      'EngineFront',
      'ErrorCode',
      'FrontEnv',
      'Grant',
      'IsolateModelsOptions',
      'LanguageModel',
      'LoadState',
      'Manifest',
      'ModelCard',
      'ModelDescription',
      'ModelHost',
      'ModelReadiness',
      'RequestLine',
      'WorkerEnv',
    ],
  },
  'library/decoder': {
    values: ['R2ModelFiles', 'chooseKernels', 'createDecoder', 'createOrtDecoder', 'planEngine'],
    types: [
      'Decoder',
      'EngineChoice',
      'EnginePlan',
      'Feed',
      'KvCache',
      'Manifest',
      'ModelFiles',
      'OrtDecoderOptions',
      'Prefix',
      'Sequence',
    ],
  },
  'library/tokenizer': {
    values: ['ChatTemplate', 'IncrementalDetokenizer', 'TextTokenizer', 'parseTokenizerConfig', 'parseTokenizerJson'],
    types: [],
  },
  'library/local': {
    values: ['DEFAULT_MODEL', 'localWorkerOptions', 'putModels', 'serveModels', 'workersAiOptions'],
    types: ['LocalWorker', 'LocalWorkerOptions', 'ServeOptions', 'WorkersAiWorkerOptions'],
  },
  'library/workers-ai': {
    values: ['WorkersAi'],
    types: ['EdgeFetcher', 'RunOptions', 'TextGenerationInputs', 'TextGenerationOutput', 'WorkersAiOptions'],
  },
  worker: { values: ['AccessObject', 'BatchObject', 'EngineObject', 'default'], types: [] },
};

/**
 * The names that a module exports. One that is declared in the module itself, not listed in braces, must be the
 * default.
 */
async function exportsOf(entry: string): Promise<{ values: string[]; types: string[] }> {
  const path = join(PACKAGE, 'src', `${entry}.ts`);
  const { statements } = ts.createSourceFile(path, await readFile(path, 'utf8'), ts.ScriptTarget.Latest);
  const names = { values: [] as string[], types: [] as string[] };
  for (const statement of statements) {
    if (ts.isExportAssignment(statement)) names.values.push('default');
    else if (ts.isExportDeclaration(statement) && statement.exportClause && ts.isNamedExports(statement.exportClause))
      for (const { name, isTypeOnly } of statement.exportClause.elements)
        names[statement.isTypeOnly || isTypeOnly ? 'types' : 'values'].push(name.text);
    else if (ts.canHaveModifiers(statement))
      expect(ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false, entry).toBe(false);
    else expect(ts.isExportDeclaration(statement), `${entry} exports all of another module`).toBe(false);
  }
  return { values: names.values.sort(), types: names.types.sort() };
}

it('should list every entry of the package that has code', async () => {
  const { exports } = JSON.parse(await readFile(join(PACKAGE, 'package.json'), 'utf8')) as {
    exports: Record<string, { default?: string }>;
  };
  const modules = Object.values(exports).flatMap(({ default: path }) => path ?? []);
  expect(modules.map((path) => path.replace('./dist/lib/', '').replace('.js', '')).sort()).toEqual(Object.keys(EXPORTS).sort());
});

it.each(Object.entries(EXPORTS))('should export the same names from %s as ever', async (entry, expected) => {
  expect(await exportsOf(entry)).toEqual(expected);
});
