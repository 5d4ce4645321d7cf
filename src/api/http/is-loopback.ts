const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Whether a URL is one of this machine alone. Cloudflare serves no such name, so nobody else can have asked for it. */
export const isLoopback = (url: string): boolean => LOOPBACK.has(new URL(url).hostname);
