import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROJECT } from '../../src/local/project-paths.ts';

const FAULTS = 'test/workerd/faults';
const read = (path: string) => readFile(join(PROJECT, path), 'utf8');
const page = await read('docs/faults.md');

/** The rows of the tables of faults, of which the last cell names a test. */
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && line.includes('.test.ts)'))
  .map((line) => {
    const cells = line.slice(2, -2).split(' | ');
    const [, title, path] = /^\[(.*)\]\(\.\.\/(.*)\)$/.exec(cells.at(-1)!)!;
    return { cells, title, path };
  });

describe('docs/faults.md', () => {
  it('should say of each fault what the caller sees, what happens next, and which test shows it', async () => {
    expect(rows.length).toBeGreaterThan(30);
    for (const { cells, title, path } of rows) {
      expect(cells, title).toHaveLength(4);
      const titles = [...(await read(path)).matchAll(/\bit(?:\.\w+\(.*?\))?\(\s*['"`](.*?)['"`],/g)].map(([, name]) => name);
      expect(
        titles.some((name) => name.startsWith(title)),
        `${path} has no test "${title}"`,
      ).toBe(true);
    }
  });

  it('should have a row for each test that injects a fault', async () => {
    for (const name of (await readdir(join(PROJECT, FAULTS))).filter((file) => file.endsWith('.test.ts'))) {
      const path = `${FAULTS}/${name}`;
      for (const [, title] of (await read(path)).matchAll(/^ {2}it(?:\.\w+\(\w+\))?\(\s*'(.*?)'/gm))
        expect(
          rows.some((row) => row.path === path && title.startsWith(row.title)),
          `no row has ${path}: ${title}`,
        ).toBe(true);
    }
  });

  it('should name the limits as they are', async () => {
    for (const [path, limit] of [
      ['src/core/limits.ts', 'STORAGE_SILENCE_MS = 30_000'],
      ['src/engine-object/silence.ts', 'SILENCE_MS = 45_000'],
      ['src/engine-object/silence.ts', 'HEARTBEAT_MS = 10_000'],
      ['src/engine-object/front-from-env.ts', 'BEGIN_SECONDS = 60'],
      ['src/core/ask-object.ts', 'ANSWER_MS = 5000'],
      ['src/api/http/json-body.ts', 'MAX_BODY_MS = 30_000'],
    ])
      expect(await read(path)).toContain(limit);
  });
});
