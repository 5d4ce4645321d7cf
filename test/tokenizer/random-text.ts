import type { SeededRandom } from '../generation/seeded-random.ts';

/** Words, spaces, digits of several scripts, contractions, combining and astral characters, control characters. */
// biome-ignore format: one piece a line would be long
const PIECES = [
  'Once', ' upon', ' a', ' time', 'Lily', "'s", "n't", ' ', '  ', '\n', '\t', '\r\n', '.', ', ', '!?', '"', '12', ' 3', '٣', '½', 'Ⅷ',
  'é', 'e\u0301', 'ß', 'привет', '日本語', '한국', 'مرحبا', '😀', '👩‍👩‍👧', '🇫🇷', '\u00a0', '\u2003', '\ufeff', '\u0000', '\u001b', '\u007f', '\ufffd', '…', '—',
];

export const randomText = (random: SeededRandom, pieces: number) => random.text(PIECES, random.integer(pieces + 1));
