import { within } from './within.ts';

/** Milliseconds for an answer of an object that only looks something up, which takes a few of them. */
const ANSWER_MS = 5000;

/**
 * Asks a Durable Object what it knows, and once more if that fails, as it does while the object is being moved, or if no
 * answer comes. So whatever is asked must be harmless when it is done twice.
 * @param ask calls the object by a new stub, since what is left of a stub after an error is of no use
 * @param failure makes the error of an object that does not answer
 * @throws what `failure` makes
 */
export async function askObject<T>(ask: () => Promise<T>, failure: (cause: unknown) => Error): Promise<T> {
  const once = () => within(ask(), ANSWER_MS, () => new Error(`the object has not answered for ${ANSWER_MS} ms`));
  try {
    return await once().catch(once);
  } catch (cause) {
    throw failure(cause);
  }
}
