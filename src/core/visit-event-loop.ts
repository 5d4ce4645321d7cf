/**
 * Lets whatever else waits in this isolate have its turn: other requests, and the ends of connections. An `await` alone
 * does not, as long as what it waits for is there already. It takes a millisecond, workerd's shortest timer.
 */
export const visitEventLoop = () => new Promise<void>((resolve) => setTimeout(resolve, 0));
