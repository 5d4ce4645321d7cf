/** Whoever the platform gives no address for: a Worker that calls through a service binding, or a test. */
const UNKNOWN = 'unknown';
/** Groups of an IPv6 address that belong to one subscriber: 64 bits. Whoever has one address there has them all. */
const SUBSCRIBER_GROUPS = 4;

/**
 * The client's address, as far as it tells clients apart. Cloudflare sets the header, whatever a client sends under
 * that name.
 */
export function clientAddress(headers: Headers): string {
  const address = headers.get('cf-connecting-ip')?.trim().toLowerCase() ?? '';
  if (address === '') return UNKNOWN;
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address) ?? [];
  if (mapped !== undefined) return mapped;
  return address.includes(':') ? subscriber(address) : address;
}

function subscriber(address: string): string {
  const [before, after] = address.split('::', 2).map((part) => part.split(':').filter(Boolean));
  const zeros = after === undefined ? [] : Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0');
  const groups = [...before, ...zeros, ...(after ?? [])].slice(0, SUBSCRIBER_GROUPS);
  return `${groups.map((group) => group.replace(/^0+(?=.)/, '')).join(':')}::/64`;
}
