/** The variables that say where the engine runs. */
export interface PlaceVariables {
  readonly ENGINE_PLACE?: string;
  readonly ENGINE_OBJECTS?: string;
}

/** Engine objects for one model and region, unless ENGINE_OBJECTS says otherwise. */
export const DEFAULT_ENGINE_OBJECTS = 4;
/** With more, choosing one for each request would take time, and no two conversations would share one. */
const MAX_ENGINE_OBJECTS = 256;

const PLACES = ['object', 'worker'] as const;

export type EnginePlace = (typeof PLACES)[number];

/**
 * Parses the variables ENGINE_PLACE and ENGINE_OBJECTS.
 * @throws Error unless they are `object` or `worker`, and a whole number from 1 to 256
 */
export function parsePlace({ ENGINE_PLACE = 'object', ENGINE_OBJECTS }: PlaceVariables): { place: EnginePlace; objectCount: number } {
  const place = PLACES.find((known) => known === ENGINE_PLACE);
  if (place === undefined) throw new Error(`ENGINE_PLACE must be ${PLACES.join(' or ')}, not ${JSON.stringify(ENGINE_PLACE)}.`);
  const objectCount = Number(ENGINE_OBJECTS ?? DEFAULT_ENGINE_OBJECTS);
  if (ENGINE_OBJECTS?.trim() === '' || !(Number.isInteger(objectCount) && objectCount >= 1 && objectCount <= MAX_ENGINE_OBJECTS))
    throw new Error(`ENGINE_OBJECTS must be a whole number from 1 to ${MAX_ENGINE_OBJECTS}, not ${JSON.stringify(ENGINE_OBJECTS)}.`);
  return { place, objectCount };
}
