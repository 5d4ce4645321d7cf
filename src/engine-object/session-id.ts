/** The random part of an id, in hexadecimal digits: 122 bits of a UUID that nobody can guess. */
const RANDOM_DIGITS = 32;

/** The id of a stored answer: a random number, and the name of the object that has it. */
export function sessionId(path: string, objectName: string): string {
  const prefix = path.includes('/responses') ? 'resp_' : path.includes('/chat/') ? 'chatcmpl-' : 'cmpl-';
  const name = btoa(objectName).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  return `${prefix}${crypto.randomUUID().replaceAll('-', '')}${name}`;
}

/** The name of the object that has an answer; undefined for what is no id of a stored answer. */
export function objectOfSession(id: string): string | undefined {
  const [, name] = new RegExp(`^(?:cmpl-|chatcmpl-|resp_)[0-9a-f]{${RANDOM_DIGITS}}([A-Za-z0-9_-]+)$`).exec(id) ?? [];
  try {
    return name && atob(name.replaceAll('-', '+').replaceAll('_', '/'));
  } catch {
    return undefined;
  }
}
