/** Characters of a file's text that a message repeats. */
const SHOWN_CHARACTERS = 80;

/** Text out of a file as a message shows it: quoted, control characters escaped, cut where it would drown the message. */
export function showText(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${JSON.stringify(text.slice(0, SHOWN_CHARACTERS))}…` : JSON.stringify(text);
}
