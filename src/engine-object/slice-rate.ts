import type { WorkRate } from '../generation/work-rate.ts';

/** By how much a rate must have changed to be written again, as a part of it. */
const CHANGE = 0.1;

/**
 * How long the work of an object's model takes, kept in its storage: what was measured by an object that is gone is a
 * better beginning than a guess.
 */
export class StoredRate {
  readonly #sql: SqlStorage;
  readonly #rateOf: () => WorkRate | undefined;
  #stored: number | undefined;
  #recalled: WorkRate | undefined;

  /** @param rateOf the rate of the model, once it is loaded */
  constructor(sql: SqlStorage, rateOf: () => WorkRate | undefined) {
    this.#sql = sql;
    this.#rateOf = rateOf;
    sql.exec('create table if not exists rate(id integer primary key check (id = 1), milliseconds_per_turn real)');
    const [row] = sql.exec<{ milliseconds_per_turn: number }>('select milliseconds_per_turn from rate');
    this.#stored = row?.milliseconds_per_turn;
  }

  /** Lets the model begin with what is stored, and writes what was measured since, if that is something else. */
  sync(): void {
    const rate = this.#rateOf();
    if (rate === undefined) return;
    if (this.#recalled !== rate && this.#stored !== undefined) rate.recall(this.#stored);
    this.#recalled = rate;
    if (!rate.isMeasured || !this.#hasChanged(rate.millisecondsPerTurn)) return;
    this.#stored = rate.millisecondsPerTurn;
    this.#sql.exec('insert or replace into rate values (1, ?)', this.#stored);
  }

  #hasChanged(measured: number): boolean {
    return this.#stored === undefined || Math.abs(measured / this.#stored - 1) > CHANGE;
  }
}
