import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allowed, judge, type Report } from '../../scripts/audit/judge.ts';
import { PACKAGE } from '../../src/local/project-paths.ts';

const json = async <T>(path: string) => JSON.parse(await readFile(join(PACKAGE, path), 'utf8')) as T;

const advisory = (id: string, severity: string, name = 'a-package') => ({
  url: `https://github.com/advisories/${id}`,
  title: 'It breaks',
  severity,
  name,
});
const report = (...advisories: ReturnType<typeof advisory>[]): Report => ({
  vulnerabilities: {
    'a-package': { severity: 'high', via: advisories },
    'another-package': { severity: 'high', via: ['a-package', ...advisories] },
  },
});
const HIGH = 'GHSA-aaaa-bbbb-cccc';
const entry = { id: HIGH, package: 'a-package', reason: 'Only a test calls what is broken.', until: '2100-01-01' };

describe('the audit', () => {
  it('should fail for what is high or critical, once for each advisory, and tell of the rest', () => {
    const { problems, notes } = judge(
      report(advisory(HIGH, 'high'), advisory('GHSA-1111-2222-3333', 'critical'), advisory('GHSA-4444-5555-6666', 'moderate')),
      [],
    );
    expect(problems).toEqual(['high: a-package: It breaks (GHSA-aaaa-bbbb-cccc)', 'critical: a-package: It breaks (GHSA-1111-2222-3333)']);
    expect(notes).toEqual(['moderate: a-package: It breaks (GHSA-4444-5555-6666)']);
  });

  it('should let through what is allowed, for that package and until that day', () => {
    const { problems, notes } = judge(report(advisory(HIGH, 'high'), advisory(HIGH.replace('a', 'x'), 'high')), [entry]);
    expect(notes).toEqual([expect.stringContaining('allowed until 2100-01-01: Only a test')]);
    expect(problems).toHaveLength(1);
    expect(judge(report(advisory(HIGH, 'high', 'other')), [entry]).problems).toHaveLength(1);
    expect(allowed(JSON.stringify([entry]), new Date())).toEqual([entry]);
    expect(() => allowed(JSON.stringify([{ ...entry, until: '2020-01-01' }]), new Date())).toThrow(/was allowed until 2020-01-01/);
    expect(() => allowed(JSON.stringify([{ ...entry, until: undefined }]), new Date())).toThrow(/allowed until/);
    expect(() => allowed(JSON.stringify([{ ...entry, reason: 'no' }]), new Date())).toThrow(/needs an id, a package and a reason/);
  });

  it('should have a list that still holds', async () => {
    expect(() => allowed(JSON.stringify([]), new Date())).not.toThrow();
    allowed(await readFile(join(PACKAGE, 'scripts/audit/allowed.json'), 'utf8'), new Date());
  });
});

interface Locked {
  version?: string;
  resolved?: string;
  integrity?: string;
  link?: boolean;
  hasInstallScript?: boolean;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

describe('the lockfile', async () => {
  const manifest = await json<{
    dependencies: Record<string, string>;
    devDependencies: Record<string, string>;
    allowScripts: Record<string, boolean>;
  }>('package.json');
  const { packages } = await json<{ packages: Record<string, Locked> }>('package-lock.json');
  const installed = Object.entries(packages).filter(([path]) => path !== '');
  const nameOf = (path: string) => path.split('node_modules/').at(-1)!;

  it('should be that of package.json, with exact versions', () => {
    const { dependencies, devDependencies } = manifest;
    expect(packages['']).toMatchObject({ dependencies, devDependencies });
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
      expect(version, name).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
      expect(packages[`node_modules/${name}`].version, name).toBe(version);
    }
  });

  it('should have a hash for each package, and no address that a package would be taken from', () => {
    expect(installed.filter(([, { integrity, link }]) => !link && !/^sha512-/.test(integrity ?? '')).map(([path]) => path)).toEqual([]);
    expect(installed.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([]);
  });

  it('should let no package run a script that nobody has decided on', () => {
    const scripts = installed.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => nameOf(path));
    expect([...new Set(scripts)].sort()).toEqual(Object.keys(manifest.allowScripts).sort());
  });
});
