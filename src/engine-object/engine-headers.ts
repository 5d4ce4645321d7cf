/**
 * Says that an object may let a request wait for room. Without it, an object that is full refuses at once, so that the
 * front can ask another.
 */
export const MAY_WAIT_HEADER = 'gpt-edge-may-wait';

/** The status and the header of a refusal for want of room: whatever was asked may be asked elsewhere. */
export const isRefusal = ({ status, headers }: Response): boolean => status === 503 && headers.has('retry-after');
