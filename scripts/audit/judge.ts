/** The part of `npm audit --json` that is read. `via` names an advisory, or the package through which one comes. */
export interface Report {
  vulnerabilities: Record<string, { severity: string; via: (string | Advisory)[] }>;
}

interface Advisory {
  url: string;
  title: string;
  severity: string;
  name: string;
}

/** An advisory that is known and does not concern this project. */
export interface Allowed {
  /** As GitHub names it: GHSA-… */
  id: string;
  package: string;
  /** Why it does not concern this project. */
  reason: string;
  /** The day until which that was thought through, as in 2027-01-31. */
  until: string;
}

/** Severities that fail. Lower ones are told, and no more. */
const FAILING = new Set(['high', 'critical']);
/** Characters that a reason has at least. */
const MIN_REASON = 20;

/**
 * Parses the list of allowed advisories.
 * @throws Error for an entry without a reason or a date, or one whose date is over: it must be thought through again
 */
export function allowed(text: string, today: Date): Allowed[] {
  const list = JSON.parse(text) as Allowed[];
  for (const { id, package: name, reason, until } of list) {
    if (!/^GHSA(-\w{4}){3}$/.test(id) || !name || (reason ?? '').length < MIN_REASON)
      throw new Error(`The allowed advisory ${id} needs an id, a package and a reason.`);
    if (!(Date.parse(until) >= today.getTime())) throw new Error(`The allowed advisory ${id} was allowed until ${until}.`);
  }
  return list;
}

/** @returns what fails, and what is only told */
export function judge({ vulnerabilities }: Report, list: readonly Allowed[]): { problems: string[]; notes: string[] } {
  const advisories = Object.values(vulnerabilities)
    .flatMap(({ via }) => via)
    .filter((via) => typeof via !== 'string');
  const [problems, notes]: [string[], string[]] = [[], []];
  for (const { url, title, severity, name } of new Map(advisories.map((advisory) => [advisory.url, advisory])).values()) {
    const id = url.split('/').at(-1)!;
    const line = `${severity}: ${name}: ${title} (${id})`;
    const known = list.find((entry) => entry.id === id && entry.package === name);
    if (known) notes.push(`${line}, allowed until ${known.until}: ${known.reason}`);
    else if (FAILING.has(severity)) problems.push(line);
    else notes.push(line);
  }
  return { problems, notes };
}
