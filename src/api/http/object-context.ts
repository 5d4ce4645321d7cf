/** The engine object in which an app runs, as its routes see it. */
export interface ObjectContext {
  /** Its name: region, model, and number. */
  readonly name: string;
  /** Requests that use a model here now. */
  readonly requestCount: number;
  /**
   * Calls `end` if the object turns out to have been reset before `until` has settled, so that nothing is computed for
   * requests that nobody answers any more.
   */
  onReset(end: () => void, until: Promise<unknown>): void;
}
