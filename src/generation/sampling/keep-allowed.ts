const ALL = 0xffffffff;

/**
 * Makes all tokens impossible but those of a mask: their logits become -Infinity.
 * @param logits [vocabularySize], changed in place
 * @param allowed a bit for each token, in 32-bit words
 * @returns how many tokens are allowed
 */
export function keepAllowed(logits: Float32Array, allowed: Uint32Array): number {
  let count = 0;
  for (let word = 0; word < allowed.length; word++) {
    const bits = allowed[word];
    const start = word << 5;
    if (bits === 0) logits.fill(Number.NEGATIVE_INFINITY, start, start + 32);
    else if (bits === ALL) count += 32;
    else
      for (let bit = 0; bit < 32; bit++)
        if ((bits >>> bit) & 1) count++;
        else if (start + bit < logits.length) logits[start + bit] = Number.NEGATIVE_INFINITY;
  }
  return count;
}
