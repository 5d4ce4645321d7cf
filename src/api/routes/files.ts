import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { StoredFile } from '../../batch/files/file-store.ts';
import type { AppEnv } from '../http/app-env.ts';
import { type BatchParts, ownerOf } from '../http/batch-parts.ts';
import { receiveFile } from '../openai/receive-file.ts';
import { errorResponses, jsonContent } from '../openai/schemas/bodies.ts';
import { fileSchema, limitOf, pageSchema, toPage, toWireFile, uploadSchema } from '../openai/schemas/file-schema.ts';

/** The most files of a page, as in OpenAI's API. */
const MAX_PAGE = 10_000;

const common = { tags: ['Files'] };
const params = z.object({ id: z.string().openapi({ example: 'file-fe6b0f2a17c3d9…' }) });
const fileAnswer = { 200: { description: 'The file.', content: jsonContent(fileSchema) } };
const ofOne = errorResponses(401, 404, 405, 500, 503);

const uploadRoute = createRoute({
  ...common,
  method: 'post',
  path: '/v1/files',
  summary: 'Upload requests for a batch',
  request: { body: { required: true, content: { 'multipart/form-data': { schema: uploadSchema } } } },
  responses: { ...fileAnswer, ...errorResponses(400, 401, 405, 413, 415, 500, 503) },
});
const listRoute = createRoute({
  ...common,
  method: 'get',
  path: '/v1/files',
  summary: 'List files',
  request: {
    query: z.object({
      purpose: z.string().optional(),
      limit: limitOf(MAX_PAGE),
      order: z.enum(['asc', 'desc']).optional(),
      after: z.string().optional(),
    }),
  },
  responses: {
    200: { description: "The owner's files, the newest first.", content: jsonContent(pageSchema(fileSchema).openapi('Files')) },
    ...errorResponses(400, 401, 405, 500, 503),
  },
});
const oneRoute = createRoute({
  ...common,
  method: 'get',
  path: '/v1/files/{id}',
  summary: 'Describe a file',
  request: { params },
  responses: { ...fileAnswer, ...ofOne },
});
const contentRoute = createRoute({
  ...common,
  method: 'get',
  path: '/v1/files/{id}/content',
  summary: "A file's bytes",
  request: { params },
  responses: {
    200: { description: 'The bytes.', content: { 'application/jsonl': { schema: z.any().openapi({ type: 'string', format: 'binary' }) } } },
    ...ofOne,
  },
});
const deletedSchema = z.object({ id: z.string(), object: z.literal('file'), deleted: z.literal(true) }).openapi('DeletedFile');
const deleteRoute = createRoute({
  ...common,
  method: 'delete',
  path: '/v1/files/{id}',
  summary: 'Delete a file',
  request: { params },
  responses: { 200: { description: 'It is deleted.', content: jsonContent(deletedSchema) }, ...ofOne },
});

export function filesRoutes(app: OpenAPIHono<AppEnv>, parts: BatchParts): void {
  const { files } = parts.service;
  // The library would read the whole form into memory to validate it.
  app.openAPIRegistry.registerPath(uploadRoute);
  app.post('/v1/files', async (c) => c.json(toWireFile(await receiveFile(c.req.raw, ownerOf(c, parts), parts.service)), 200));
  app.openapi(listRoute, async (c) => {
    const { purpose, limit = MAX_PAGE, order = 'desc', after } = c.req.valid('query');
    const all = await files.list(ownerOf(c, parts));
    const wanted = purpose === undefined ? all : all.filter((file) => file.purpose === purpose);
    const rest = behind(order === 'asc' ? wanted.toReversed() : wanted, after);
    return c.json(toPage(rest.slice(0, limit).map(toWireFile), rest.length > limit), 200);
  });
  app.openapi(oneRoute, async (c) => c.json(toWireFile(await files.get(ownerOf(c, parts), c.req.valid('param').id)), 200));
  app.openapi(contentRoute, async (c) => {
    const { id, name } = await files.get(ownerOf(c, parts), c.req.valid('param').id);
    const { body, size } = await files.open(id);
    const headers = {
      'content-type': 'application/jsonl',
      'content-length': String(size),
      'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(name)}`,
    };
    return new Response(body, { headers }) as never;
  });
  app.openapi(deleteRoute, async (c) => {
    const { id } = c.req.valid('param');
    await files.remove(ownerOf(c, parts), id);
    return c.json({ id, object: 'file' as const, deleted: true as const }, 200);
  });
}

/** The files behind one; all of them if it is not there. */
const behind = (files: StoredFile[], id: string | undefined): StoredFile[] => files.slice(files.findIndex((file) => file.id === id) + 1);
