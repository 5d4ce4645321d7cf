/** Where objects are asked to live, by the continent that a request comes from, as `request.cf` has it. */
const HINTS = { AF: 'afr', AN: 'oc', AS: 'apac', EU: 'weur', NA: 'enam', OC: 'oc', SA: 'sam' } as const;

type LocationHint = (typeof HINTS)[keyof typeof HINTS];

const LOCATIONS = new Map<unknown, LocationHint>(Object.entries(HINTS));

const LOCAL = 'local';

/** A part of the world that has objects of its own. */
export interface Region {
  readonly name: string;
  /** Where its objects begin to live. Without it, that is where they are first asked for. */
  readonly locationHint?: LocationHint;
}

/** The region of a continent. */
const regionAt = (continent: string, locationHint: LocationHint): Region => ({ name: continent.toLowerCase(), locationHint });

export const ALL_REGIONS: readonly Region[] = [
  { name: LOCAL },
  ...Object.entries(HINTS).map(([continent, locationHint]) => regionAt(continent, locationHint)),
];

/** The names of all regions. */
export const REGION_NAMES: ReadonlySet<string> = new Set(ALL_REGIONS.map(({ name }) => name));

/** The region of a request. On one's own machine a request has no continent. */
export function regionOf(request: Request): Region {
  const continent = (request as { cf?: { continent?: unknown } }).cf?.continent;
  const locationHint = LOCATIONS.get(continent);
  return locationHint ? regionAt(String(continent), locationHint) : { name: LOCAL };
}
