/**
 * Awaits what another machine owes, for so long at most: a connection that stands still never fails by itself.
 * @param milliseconds of waiting
 * @param late makes the error of what did not come in time
 * @throws what `owed` is rejected with, or the error of `late`
 * @example const object = await within(bucket.get(key), 30_000, () => new Error(`${key} cannot be read`));
 */
export async function within<T>(owed: Promise<T>, milliseconds: number, late: () => Error): Promise<T> {
  const timeout = Promise.withResolvers<never>();
  const timer = setTimeout(() => timeout.reject(late()), milliseconds);
  // Of two that fail, one is awaited.
  owed.catch(() => {});
  timeout.promise.catch(() => {});
  try {
    return await Promise.race([owed, timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
}
