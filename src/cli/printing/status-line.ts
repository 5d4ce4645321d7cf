/**
 * A line on standard error that says what takes its time. The next one takes its place, and `clear` removes it. It is
 * shown only if standard error is a terminal.
 */
export class StatusLine {
  show(text: string): void {
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text} ...`);
  }

  clear(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  }
}
