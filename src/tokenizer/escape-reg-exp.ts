/** A pattern that matches exactly `text`, also with the `u` flag, which allows no other escapes than these. */
export function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
