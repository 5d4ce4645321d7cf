/** Characters of one piece: long enough that pieces are few, and written in a few milliseconds. */
const PIECE_LENGTH = 2 ** 16;

/** Exactly `JSON.stringify(value)`, in pieces, for a value so large that writing it at once would hold the isolate. */
export function* jsonPieces(value: object): Generator<string> {
  let piece = '';
  for (const part of jsonParts(value)) {
    piece += part;
    if (piece.length < PIECE_LENGTH) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

/** Levels at which an answer is taken apart: the answer, its choices, a choice, its log-probabilities, their lists. */
const DEPTH = 5;

function* jsonParts(value: unknown, depth = 0): Generator<string> {
  if (depth === DEPTH || typeof value !== 'object' || value === null) {
    yield JSON.stringify(value) ?? 'null';
  } else if (Array.isArray(value)) {
    yield '[';
    for (const [index, element] of value.entries()) {
      if (index > 0) yield ',';
      yield* jsonParts(element, depth + 1);
    }
    yield ']';
  } else {
    let separator = '{';
    for (const [key, field] of Object.entries(value)) {
      if (field === undefined) continue;
      yield `${separator}${JSON.stringify(key)}:`;
      separator = ',';
      yield* jsonParts(field, depth + 1);
    }
    yield separator === '{' ? '{}' : '}';
  }
}
