import type { BatchState, LineGroup } from './batch-state.ts';
import type { ResultLine } from './lines/result-line.ts';

/** Characters of a result in one row: a row may have 2 MB, and a character takes up to 3 bytes. */
const MAX_PIECE = 500_000;

type GroupRow = { first: number; ids: string; start: number; bytes: number };
type StateRow = { value: string };

/** A batch in its object's SQLite: its state, its groups of lines, and the results so far. */
export class BatchTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The state; undefined if the object is that of no batch. It then has no tables either. */
  readState(): BatchState | undefined {
    const [table] = this.#sql.exec(`SELECT name FROM sqlite_master WHERE name = 'batch'`).toArray();
    if (table === undefined) return undefined;
    const [row] = this.#sql.exec<StateRow>('SELECT value FROM batch').toArray();
    return row && (JSON.parse(row.value) as BatchState);
  }

  create(): void {
    this.#sql.exec('CREATE TABLE IF NOT EXISTS batch (id INTEGER PRIMARY KEY, value TEXT NOT NULL)');
    this.#sql.exec(
      'CREATE TABLE IF NOT EXISTS line_groups (first INTEGER PRIMARY KEY, size INTEGER, ids TEXT, start INTEGER, bytes INTEGER, turn INTEGER DEFAULT 0, running_until INTEGER DEFAULT 0)',
    );
    this.#sql.exec(
      'CREATE TABLE IF NOT EXISTS results (line INTEGER, piece INTEGER, text TEXT NOT NULL, is_failed INTEGER, PRIMARY KEY (line, piece)) WITHOUT ROWID',
    );
  }

  writeState(state: BatchState): void {
    this.#sql.exec('INSERT OR REPLACE INTO batch (id, value) VALUES (1, ?)', JSON.stringify(state));
  }

  /** Forgets groups and results: those of a validation that was not finished, or of a batch that has ended. */
  clear(): void {
    this.#sql.exec('DELETE FROM line_groups');
    this.#sql.exec('DELETE FROM results');
  }

  addGroup({ first, customIds, start, bytes }: LineGroup): void {
    this.#sql.exec(
      'INSERT INTO line_groups (first, size, ids, start, bytes) VALUES (?, ?, ?, ?, ?)',
      ...[first, customIds.length, JSON.stringify(customIds), start, bytes],
    );
  }

  group(first: number): LineGroup | undefined {
    const [row] = this.#sql.exec<GroupRow>('SELECT first, ids, start, bytes FROM line_groups WHERE first = ?', first).toArray();
    return row && toGroup(row);
  }

  /** The first lines of the groups, in order. */
  groupNames(): number[] {
    return this.#firsts('SELECT first FROM line_groups ORDER BY first');
  }

  /** The groups that have requests without a result, and on which nobody works. @param most as in `runningUntil` */
  idleGroups(now: number, most: number): number[] {
    return this.#firsts(
      `SELECT first FROM line_groups WHERE (running_until <= ? OR running_until > ?) AND size >
         (SELECT COUNT(*) FROM results WHERE piece = 0 AND line >= first AND line < first + size) ORDER BY first`,
      now,
      most,
    );
  }

  /** Gives the group to a new turn. @returns the turn */
  beginTurn(first: number, runningUntil: number): number {
    this.#sql.exec('UPDATE line_groups SET turn = turn + 1, running_until = ? WHERE first = ?', runningUntil, first);
    return this.#sql.exec<{ turn: number }>('SELECT turn FROM line_groups WHERE first = ?', first).one().turn;
  }

  /** Says until when a turn's work is expected to go on. @returns whether the group still has that turn */
  keepTurn(first: number, turn: number, runningUntil: number): boolean {
    const { rowsWritten } = this.#sql.exec(
      'UPDATE line_groups SET running_until = ? WHERE first = ? AND turn = ?',
      runningUntil,
      first,
      turn,
    );
    return rowsWritten > 0;
  }

  /**
   * Until when work is expected to go on; 0 if nobody works.
   * @param most the latest time that may be: one behind it was given before the clock was set back
   */
  runningUntil(most: number): number {
    const query = 'SELECT MAX(running_until) AS until FROM line_groups WHERE running_until <= ?';
    return this.#sql.exec<{ until: number | null }>(query, most).one().until ?? 0;
  }

  /** Indexes of a group's requests, in the group, that have no result. */
  pending({ first, customIds }: LineGroup): number[] {
    const rows = this.#sql.exec<{ line: number }>(
      'SELECT line FROM results WHERE piece = 0 AND line >= ? AND line < ?',
      first,
      first + customIds.length,
    );
    const known = new Set([...rows].map(({ line }) => line - first));
    return customIds.map((_, index) => index).filter((index) => !known.has(index));
  }

  /** Keeps a result, unless its line has one. @returns whether it had none */
  addResult(line: number, { text, isFailed }: ResultLine): boolean {
    const [known] = this.#sql.exec('SELECT 1 FROM results WHERE line = ? AND piece = 0', line).toArray();
    if (known !== undefined) return false;
    for (let at = 0, piece = 0; at === 0 || at < text.length; at += MAX_PIECE, piece++)
      this.#sql.exec(
        'INSERT INTO results (line, piece, text, is_failed) VALUES (?, ?, ?, ?)',
        ...[line, piece, text.slice(at, at + MAX_PIECE), isFailed ? 1 : 0],
      );
    return true;
  }

  /** The results of a group by the index of their request in it. */
  results({ first, customIds }: LineGroup): Map<number, ResultLine> {
    const found = new Map<number, ResultLine>();
    const rows = this.#sql.exec<{ line: number; text: string; is_failed: number }>(
      'SELECT line, text, is_failed FROM results WHERE line >= ? AND line < ? ORDER BY line, piece',
      first,
      first + customIds.length,
    );
    for (const { line, text, is_failed } of rows)
      found.set(line - first, { text: (found.get(line - first)?.text ?? '') + text, isFailed: is_failed === 1 });
    return found;
  }

  countResults(): { completed: number; failed: number } {
    const counted = this.#sql
      .exec<{ total: number; failed: number | null }>('SELECT COUNT(*) AS total, SUM(is_failed) AS failed FROM results WHERE piece = 0')
      .one();
    return { completed: counted.total - (counted.failed ?? 0), failed: counted.failed ?? 0 };
  }

  #firsts(query: string, ...values: number[]): number[] {
    return [...this.#sql.exec<{ first: number }>(query, ...values)].map(({ first }) => first);
  }
}

const toGroup = ({ first, ids, start, bytes }: GroupRow): LineGroup => ({ first, customIds: JSON.parse(ids) as string[], start, bytes });
