const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  ...['January', 'February', 'March', 'April', 'May', 'June'],
  ...['July', 'August', 'September', 'October', 'November', 'December'],
];
const DAY_MILLISECONDS = 86_400_000;

const pad = (value: number, width = 2, fill = '0'): string => String(value).padStart(width, fill);
const hour12 = (date: Date): number => date.getUTCHours() % 12 || 12;
const yearStart = (year: number): number => Date.UTC(year, 0, 1);
const dayOfYear = (date: Date): number => Math.floor((date.getTime() - yearStart(date.getUTCFullYear())) / DAY_MILLISECONDS) + 1;
/** The week of the year, where weeks begin on `firstDay` and days before the first such day are in week 0. */
const weekOfYear = (date: Date, firstDay: number): number =>
  Math.floor((dayOfYear(date) + 6 - ((date.getUTCDay() + 7 - firstDay) % 7)) / 7);

/** The Thursday of a date's ISO week, which lies in the ISO year. */
function isoThursday(date: Date): Date {
  return new Date(date.getTime() + (4 - (date.getUTCDay() || 7)) * DAY_MILLISECONDS);
}

/** The directives of Python's `strftime` in the C locale. */
const DIRECTIVES: Readonly<Record<string, (date: Date) => string>> = {
  a: (date) => DAYS[date.getUTCDay()].slice(0, 3),
  A: (date) => DAYS[date.getUTCDay()],
  b: (date) => MONTHS[date.getUTCMonth()].slice(0, 3),
  B: (date) => MONTHS[date.getUTCMonth()],
  c: (date) => strftime(date, '%a %b %e %H:%M:%S %Y'),
  C: (date) => pad(Math.floor(date.getUTCFullYear() / 100)),
  d: (date) => pad(date.getUTCDate()),
  D: (date) => strftime(date, '%m/%d/%y'),
  e: (date) => pad(date.getUTCDate(), 2, ' '),
  f: (date) => pad(date.getUTCMilliseconds() * 1000, 6),
  F: (date) => strftime(date, '%Y-%m-%d'),
  g: (date) => pad(isoThursday(date).getUTCFullYear() % 100),
  G: (date) => String(isoThursday(date).getUTCFullYear()),
  h: (date) => MONTHS[date.getUTCMonth()].slice(0, 3),
  H: (date) => pad(date.getUTCHours()),
  I: (date) => pad(hour12(date)),
  j: (date) => pad(dayOfYear(date), 3),
  k: (date) => pad(date.getUTCHours(), 2, ' '),
  l: (date) => pad(hour12(date), 2, ' '),
  m: (date) => pad(date.getUTCMonth() + 1),
  M: (date) => pad(date.getUTCMinutes()),
  n: () => '\n',
  p: (date) => (date.getUTCHours() < 12 ? 'AM' : 'PM'),
  P: (date) => (date.getUTCHours() < 12 ? 'am' : 'pm'),
  r: (date) => strftime(date, '%I:%M:%S %p'),
  R: (date) => strftime(date, '%H:%M'),
  s: (date) => String(Math.floor(date.getTime() / 1000)),
  S: (date) => pad(date.getUTCSeconds()),
  t: () => '\t',
  T: (date) => strftime(date, '%H:%M:%S'),
  u: (date) => String(date.getUTCDay() || 7),
  U: (date) => pad(weekOfYear(date, 0)),
  V: (date) => pad(Math.floor((dayOfYear(isoThursday(date)) - 1) / 7) + 1),
  w: (date) => String(date.getUTCDay()),
  W: (date) => pad(weekOfYear(date, 1)),
  x: (date) => strftime(date, '%m/%d/%y'),
  X: (date) => strftime(date, '%H:%M:%S'),
  y: (date) => pad(date.getUTCFullYear() % 100),
  Y: (date) => String(date.getUTCFullYear()),
  // A naive datetime, as transformers passes one, has no time zone.
  z: () => '',
  Z: () => '',
  '%': () => '%',
};

/**
 * Python's `datetime.strftime` on a UTC clock in the C locale, with glibc's `-`, `_`, `0` and `^` flags. An unknown
 * directive stays as it is.
 *
 * @example strftime(new Date(0), '%d %b %Y') // '01 Jan 1970'
 */
export function strftime(date: Date, format: string): string {
  return format.replace(/%([-_0^]?)([A-Za-z%])/g, (whole, flag: string, letter: string) => {
    const text = DIRECTIVES[letter]?.(date);
    return text === undefined ? whole : withFlag(text, flag);
  });
}

function withFlag(text: string, flag: string): string {
  if (flag === '^') return text.toUpperCase();
  if (flag === '-') return text.replace(/^[0 ]+(?=\d)/, '');
  if (flag === '_') return text.replace(/^0+(?=\d)/, (zeros) => ' '.repeat(zeros.length));
  if (flag === '0') return text.replace(/^ +(?=\d)/, (spaces) => '0'.repeat(spaces.length));
  return text;
}
