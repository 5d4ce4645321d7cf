import type { SeededRandom } from '../../generation/seeded-random.ts';

/** Values that somebody might put anywhere. Numbers that would be much work are left out, since they are only slow. */
const VALUES: readonly (() => unknown)[] = [
  () => null,
  () => true,
  () => '',
  () => 0,
  () => -1,
  () => 0.5,
  () => 1e308,
  () => -(2 ** 53),
  () => [],
  () => {},
  () => ({}),
  () => ({ __proto__: null, toString: 1 }),
  () => JSON.parse('{"__proto__": {"polluted": 1}}'),
  () => '\u0000\uD800\u{10FFFF}',
  () => '../../../etc/passwd',
  () => "{{ ''.__class__ }}{% for i in range(99999999) %}x{% endfor %}",
  () => 'x'.repeat(5000),
  () => Array.from({ length: 300 }, (_, index) => index),
  () => nested(200),
  () => `${'('.repeat(300)}a+${')+'.repeat(300)}`,
  () => 'constructor',
];

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = level % 2 ? [value] : { a: value };
  return value;
}

/** A copy of a body in which something is another thing, is missing, is there twice, or has another name. */
export function mutated(body: unknown, random: SeededRandom): unknown {
  if (typeof body !== 'object' || body === null || random.next() < 0.15) return random.pick(VALUES)();
  if (Array.isArray(body)) {
    const items = [...body];
    const at = random.integer(items.length + 1);
    if (random.next() < 0.3) items.splice(at, random.integer(2), random.pick(VALUES)());
    else if (items.length > 0) items[at % items.length] = mutated(items[at % items.length], random);
    return items;
  }
  const entries = Object.entries(body);
  const at = random.integer(entries.length);
  const kind = random.next();
  if (entries.length === 0 || kind < 0.15)
    entries.push([random.pick(['__proto__', 'stream', 'n', 'tools', 'x'.repeat(300), '']), random.pick(VALUES)()]);
  else if (kind < 0.3) entries.splice(at, 1);
  else if (kind < 0.4) entries[at][0] = random.pick(['constructor', `${entries[at][0]} `, entries[at][0].toUpperCase()]);
  else entries[at][1] = mutated(entries[at][1], random);
  return Object.fromEntries(entries);
}

/** All of the parts, one after the other. */
export function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Bytes of which some are others, are missing, or are there twice. */
export function mutatedBytes(bytes: Uint8Array, random: SeededRandom): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes);
  const at = random.integer(copy.length);
  const kind = random.next();
  if (kind < 0.2) return copy.slice(0, at);
  if (kind < 0.35) return joined(copy.subarray(0, at), copy.subarray(Math.max(0, at - 9)));
  const count = 1 + random.integer(kind < 0.6 ? 1 : 16);
  for (let index = 0; index < count; index++) copy[(at + index) % copy.length] = random.integer(256);
  return copy;
}
