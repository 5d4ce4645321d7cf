import type { Finding } from '../../local/doctor/finding.ts';

const MARKS = { ok: 'ok      ', warning: 'warning ', error: 'error   ' } as const;

/** Prints what was found, and lets the command end with code 1 if something does not work or is open to harm. */
export function printFindings(findings: readonly Finding[]): void {
  for (const { level, text } of findings) console.log(MARKS[level] + text);
  if (findings.some(({ level }) => level === 'error')) process.exitCode = 1;
}
