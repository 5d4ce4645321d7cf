import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';
import { PACKAGE } from '../../src/local/project-paths.ts';

const RESOURCES = join(PACKAGE, 'node_modules', 'openai', 'resources');

/**
 * The names of all members of interfaces that the installed `openai` package declares in one of its files, without
 * duplicates.
 */
export async function fieldsOf(file: string, ...interfaces: string[]): Promise<string[]> {
  const source = ts.createSourceFile(file, await readFile(join(RESOURCES, file), 'utf8'), ts.ScriptTarget.Latest);
  const declared = source.statements.filter(ts.isInterfaceDeclaration).filter(({ name }) => interfaces.includes(name.text));
  if (declared.length !== interfaces.length) throw new Error(`${file} lacks one of ${interfaces.join(', ')}`);
  return [...new Set(declared.flatMap(({ members }) => members.map(({ name }) => (name as ts.Identifier).text)))];
}
