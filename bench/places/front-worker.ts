import { createApp } from '../../src/api/app.ts';
import { createFront } from '../../src/engine-object/front.ts';

interface Env {
  /** Where the server is that stands in the place of the objects. */
  OBJECTS: string;
}

let app: ReturnType<typeof createApp> | undefined;

/** The front alone: its objects are a server in another process, whose time is not counted. */
export default {
  fetch(request, env, context) {
    app ??= createApp({ host: NO_MODELS, engine: createFront({ ...FRONT, namespace: elsewhere(env) }), isPublic: true, log: () => {} });
    return new URL(request.url).pathname === '/direct' ? fetch(env.OBJECTS, request) : app.fetch(request, env, context);
  },
} satisfies ExportedHandler<Env>;

const FRONT = { objectCount: 4, modelIds: ['model', 'other'], answerSeconds: 90 };
const NO_MODELS = {
  ids: FRONT.modelIds,
  get: () => Promise.reject(new Error('There is no model here.')),
  describe: () => Promise.reject(new Error('There is no model here.')),
};

const elsewhere = ({ OBJECTS }: Env) =>
  ({ idFromName: (name: string) => name, get: () => ({ fetch: (request: Request) => fetch(OBJECTS, request) }) }) as never;
