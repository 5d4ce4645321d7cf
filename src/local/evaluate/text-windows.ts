/** A piece of a tokenized text: tokens from `start` on are fed, and those from `firstScored` to `end` are scored. */
export interface TextWindow {
  readonly start: number;
  readonly firstScored: number;
  readonly end: number;
}

/**
 * Cuts a text of `tokens` tokens into windows that score each token once, but for the first, which nothing comes before. A window
 * feeds as many tokens as the context window holds, and the next one starts half a context window later: every token is
 * predicted from at least half a context window of those before it, as far as there are any.
 */
export function textWindows(tokens: number, contextWindow: number): TextWindow[] {
  const stride = Math.max(1, Math.floor(contextWindow / 2));
  const windows: TextWindow[] = [];
  for (let start = 0, firstScored = 1; firstScored < tokens; start += stride) {
    // The last token of a window is predicted, not fed.
    const end = Math.min(start + contextWindow + 1, tokens);
    windows.push({ start, firstScored, end });
    firstScored = end;
  }
  return windows;
}
