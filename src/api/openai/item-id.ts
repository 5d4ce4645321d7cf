const RESPONSE = 'resp_';
const ITEM = /^(?:msg|fc|ctc|item)_([0-9a-f]{32}[A-Za-z0-9_-]*)_i?\d{1,6}$/;

/**
 * The id of an item: that of its response, and where the item stands in it, so that it is the same wherever the answer is
 * made, and says which response has the item.
 */
export const itemId = (prefix: string, responseId: string, place: string): string =>
  `${prefix}_${responseId.slice(RESPONSE.length)}_${place}`;

/** The id of the response that has an item; undefined for what is no id of an item. */
export function responseOfItem(id: string): string | undefined {
  const rest = ITEM.exec(id)?.[1];
  return rest && RESPONSE + rest;
}
