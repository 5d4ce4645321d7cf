import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROJECT } from '../../src/local/project-paths.ts';

/** Folders that are not sources: what npm and the build write, and what lies beside a checkout. */
const SKIPPED = new Set(['node_modules', 'dist', 'shared', 'models']);
/** Characters in a line of prose, without inline code and the targets of links, which cannot be broken. */
const MAX_LINE_LENGTH = 110;

/** The Markdown files below a folder. */
async function markdownFiles(folder: string): Promise<string[]> {
  const entries = await readdir(join(PROJECT, folder), { withFileTypes: true });
  const found = entries.map(async (entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name.startsWith('.') || SKIPPED.has(entry.name) ? [] : markdownFiles(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
  return (await Promise.all(found)).flat();
}

const texts = new Map<string, string>();
for (const path of await markdownFiles('.')) texts.set(path, await readFile(join(PROJECT, path), 'utf8'));
const files = [...texts.keys()].sort();

/** A file's text without its front matter and its blocks of code. */
function withoutCode(path: string): string {
  return texts
    .get(path)!
    .replace(/^---\n[\s\S]*?\n---\n/, '')
    .replace(/^ *```[\s\S]*?^ *```$/gm, '');
}

/** The anchor that GitHub gives a heading. */
const anchorOf = (heading: string): string =>
  heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\- _]/gu, '')
    .replaceAll(' ', '-');

const anchorsIn = (path: string): string[] => [...withoutCode(path).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading));

/** The relative addresses that a file refers to, in links, images and HTML. */
function relativeLinks(path: string): string[] {
  const text = withoutCode(path).replaceAll(/`[^`\n]*`/g, '``');
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g), ...text.matchAll(/(?:src|srcset|href)="([^"]+)"/g)].map(([, link]) => link);
  return links.filter((link) => !/^[a-z]+:/.test(link));
}

const exists = (path: string): Promise<boolean> =>
  stat(join(PROJECT, path)).then(
    () => true,
    () => false,
  );

describe('the Markdown files', () => {
  it('should be found', () => {
    expect(files).toEqual(expect.arrayContaining(['README.md', 'CONTRIBUTING.md', 'docs/architecture.md', 'docs/engine.md']));
  });

  it.each(files)('should link to files and headings that are there: %s', async (path) => {
    const broken: string[] = [];
    for (const link of relativeLinks(path)) {
      const [file, anchor] = link.split('#', 2);
      const target = file === '' ? path : join(dirname(path), file);
      if (!(await exists(target)) || (anchor !== undefined && !(texts.has(target) && anchorsIn(target).includes(anchor))))
        broken.push(link);
    }
    expect(broken).toEqual([]);
  });

  it.each(files)('should name files that are there: %s', async (path) => {
    const named = [...withoutCode(path).matchAll(/`((?:src|test|docs|bench|scripts|examples|template)\/[\w./-]*\w)\/?`/g)];
    const missing: string[] = [];
    for (const [, name] of named) if (!(await exists(name))) missing.push(name);
    expect(missing).toEqual([]);
  });

  it.each(files)(`should have lines of at most ${MAX_LINE_LENGTH} characters outside of tables and code: %s`, (path) => {
    const lines = withoutCode(path).split('\n');
    const prose = lines.filter((line) => !/^(\||\s*<|.*https?:)/.test(line));
    const long = prose.filter((line) => line.replaceAll(/\]\([^)]*\)|`[^`]*`/g, '').length > MAX_LINE_LENGTH);
    expect(long).toEqual([]);
  });
});
