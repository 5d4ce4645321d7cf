/**
 * Cloudflare's prices in US dollars beyond what the plan Workers Standard includes, as its documents had them in
 * 2026-11. docs/cost.md has the sources and the sums.
 */
export const PRICES = {
  /** A millisecond of a Worker's processor time. */
  workerMillisecond: 0.02 / 1e6,
  /** A millisecond in which an object is active: a gigabyte-second costs 12.5 / 1e6, and an object counts as 128 MB. */
  objectMillisecond: (12.5 / 1e6) * 0.128 * 1e-3,
  /** A request to a Worker, and one to an object. */
  workerRequest: 0.3 / 1e6,
  objectRequest: 0.15 / 1e6,
} as const;

/** What the free plan has for each day, by the same documents. */
export const FREE_DAY = {
  /** Requests to Workers, and as many to objects. */
  requests: 100_000,
  /** Seconds in which objects are active: 13,000 gigabyte-seconds. */
  objectSeconds: Math.floor(13_000 / 0.128),
} as const;
