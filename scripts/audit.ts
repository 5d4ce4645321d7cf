import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { allowed, judge, type Report } from './audit/judge.ts';

/**
 * Compares the packages of the lockfile with the published advisories, and fails for those of high or critical
 * severity that `audit/allowed.json` does not name. Where the registry cannot be reached, it says so, and fails
 * nothing: what is wrong there is not wrong with the project.
 */
const project = join(import.meta.dirname, '..');
const { stdout } = spawnSync('npm', ['audit', '--json', '--fetch-retries', '0'], { cwd: project, encoding: 'utf8', timeout: 120_000 });
const report = parse(stdout);
if (report === undefined) {
  console.log('The dependencies were not audited: the registry does not answer.');
} else {
  const list = allowed(await readFile(join(project, 'scripts/audit/allowed.json'), 'utf8'), new Date());
  const { problems, notes } = judge(report, list);
  for (const line of [...notes, ...problems]) console.log(line);
  if (problems.length === 0) console.log('No advisory of high or critical severity is open.');
  process.exitCode = problems.length > 0 ? 1 : 0;
}

/** The report; undefined if npm wrote something else, as it does without a network. */
function parse(text: string): Report | undefined {
  try {
    const value = JSON.parse(text) as Partial<Report>;
    return value.vulnerabilities === undefined ? undefined : (value as Report);
  } catch {
    return undefined;
  }
}
