/** An event of a stored answer's stream. */
export interface StoredEvent {
  /** '' if it has none, as the last one. */
  id: string;
  data: string;
}

export const parsed = (text: string): StoredEvent[] =>
  text
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => ({ id: /^id: (.*)$/m.exec(event)?.[1] ?? '', data: /^data: (.*)$/m.exec(event)![1] }));
