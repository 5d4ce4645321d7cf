/** A month's days, and 29 February in leap years of the Gregorian calendar. */
const DATE = [
  '[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))',
  '(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29',
].join('|');
/** Leap seconds are left out: which minutes have one is no matter of form. */
const TIME = '(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,15})?(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])';
const BYTE = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const GROUP = '[0-9A-Fa-f]{1,4}';
const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
/** A label of a host's name, without two hyphens as its third and fourth character: those spell other scripts. */
const LABEL =
  '[A-Za-z0-9](?:[A-Za-z0-9-]?[A-Za-z0-9]|[A-Za-z0-9-]{2}[A-Za-z0-9]|[A-Za-z0-9-](?:[A-Za-z0-9][A-Za-z0-9-]|-[A-Za-z0-9])[A-Za-z0-9-]{0,58}[A-Za-z0-9])?';

/** An IPv6 address (RFC 4291): eight groups, of which a run of zeros may be left out, and the last two may be IPv4. */
const LAST_TWO = `(?:${GROUP}:${GROUP}|${BYTE}(?:\\.${BYTE}){3})`;
const IPV6 = [
  `(?:${GROUP}:){6}${LAST_TWO}`,
  ...[0, 1, 2, 3, 4, 5].map((after) => `(?:${GROUP}(?::${GROUP}){0,${5 - after}})?::${`(?:${GROUP}:){${after}}`}${LAST_TWO}`).reverse(),
  `(?:${GROUP}(?::${GROUP}){0,5})?::${GROUP}`,
  `(?:${GROUP}(?::${GROUP}){0,6})?::`,
].join('|');
/** A duration (RFC 3339, appendix A). */
const CLOCK = 'T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S)';
const DURATION = `P(?:[0-9]+W|(?:[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?|[0-9]+M(?:[0-9]+D)?|[0-9]+D)(?:${CLOCK})?|${CLOCK})`;

/**
 * The formats that are enforced, each as a pattern of the whole string: RFC 3339 for dates and times, RFC 4122 for
 * UUIDs. `email` takes the addresses that people have (no quoted names, no addresses in brackets).
 */
export const FORMATS: Readonly<Record<string, string>> = {
  date: DATE,
  time: TIME,
  'date-time': `(?:${DATE})[Tt]${TIME}`,
  uuid: '[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}',
  email: `${ATOM}(?:\\.${ATOM})*@${LABEL}(?:\\.${LABEL})*`,
  duration: DURATION,
  hostname: `${LABEL}(?:\\.${LABEL})*`,
  ipv6: IPV6,
  ipv4: `${BYTE}(?:\\.${BYTE}){3}`,
};
