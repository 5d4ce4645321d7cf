/** A token of a text, as the page shows it. */
export interface Token {
  id: number;
  /** Its text, or `bytes:\xe2\x80` for a part of a character. */
  label: string;
  /** Natural logarithm of the probability that the model gave it; null where nothing came before. */
  logprob: number | null;
}
