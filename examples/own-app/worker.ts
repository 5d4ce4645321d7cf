// gpt-edge's routes in your own Hono app, below /llm. The wrangler.toml needs the bindings and the
// variables that `gpt-edge init` writes.
import { createApp, frontFromEnv, modelsFromEnv } from 'gpt-edge';
import { Hono } from 'hono';

export { AccessObject, BatchObject, EngineObject } from 'gpt-edge'; // the classes of the objects in wrangler.toml

let app: Hono | undefined;

function createOwnApp(env: Env): Hono {
  const llm = createApp({
    host: modelsFromEnv(env), // answers if the engine runs in this Worker
    engine: frontFromEnv(env), // hands requests on if it runs in objects
    isPublic: true, // the app around it decides who may call it
    log: ({ path, status, completion_tokens = 0 }) => console.log(`${status} ${path}: ${completion_tokens} tokens`),
  });
  return new Hono().get('/', (c) => c.text('An app of my own.')).route('/llm', llm);
}

export default {
  fetch(request, env, context) {
    app ??= createOwnApp(env); // once for each isolate, as the model is loaded once
    return app.fetch(request, env, context);
  },
} satisfies ExportedHandler<Env>;
