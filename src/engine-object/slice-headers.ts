// What a front and an object tell each other about an answer that is made in slices. Clients cannot send these: the
// front removes them.

/** The number of an answer, by which the front asks for its next slice. With it, a request may be answered in frames. */
export const SLICES_HEADER = 'gpt-edge-slices';
/** How many frames the front has got of the answer, in a call for its next slice. */
export const FRAMES_HEADER = 'gpt-edge-frames';
/** How many bytes of notes stand before the body of a request whose answer was begun elsewhere. */
export const NOTES_HEADER = 'gpt-edge-notes';
/** Marks the answer of an object that knows nothing of the answer that it is to go on with. */
export const GONE_HEADER = 'gpt-edge-gone';

/** Marks a request of an object to itself, which it sends only to renew its CPU time. */
export const RENEW_HEADER = 'gpt-edge-renew';

export const SLICE_HEADERS = [SLICES_HEADER, FRAMES_HEADER, NOTES_HEADER, GONE_HEADER, RENEW_HEADER] as const;
