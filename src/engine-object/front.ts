import type { EngineFront } from '../api/http/forward-to-engine.ts';
import { RESPONSES_PATH } from '../api/openai/response-stream.ts';
import { ENGINE_PATH } from '../api/openai/schemas/engine-schema.ts';
import { STOP_PATH } from '../api/openai/schemas/stop-schema.ts';
import { notFound } from '../api/routes/stored-completions.ts';
import { GptEdgeError } from '../core/errors.ts';
import { parseVariantId } from '../core/folder/adapter-files.ts';
import { within } from '../core/within.ts';
import { objectOrder } from './choose-objects.ts';
import { describeObjects } from './describe-objects.ts';
import { isRefusal, MAY_WAIT_HEADER } from './engine-headers.ts';
import type { EngineObjects } from './engine-objects.ts';
import { HeldBody } from './held-body.ts';
import { modelOf, modelsOfObjects, objectName } from './object-name.ts';
import { REGION_NAMES, type Region, regionOf } from './region.ts';
import { relay } from './relay.ts';
import { type RequestHint, requestHint } from './request-hint.ts';
import { objectOfSession } from './session-id.ts';
import { ObjectSilent, RETRY_SECONDS, SILENCE_MS, Silence } from './silence.ts';
import { FRAMES_HEADER, NOTES_HEADER, SLICE_HEADERS, SLICES_HEADER } from './slice-headers.ts';
import { isFramed, joinSlices, type SliceCalls } from './slice-loop.ts';
import { stopInObjects } from './stop-in-objects.ts';

export interface FrontOptions extends EngineObjects {
  /** Seconds after which an object that has not begun to answer is given up. */
  readonly answerSeconds: number;
  /** Milliseconds without a word from an object, after which its answer is given up and begun again. @default 45 s */
  readonly silenceMs?: number;
}

/** How often a request is sent again because its object was reset. */
const MAX_RESETS = 2;

/**
 * Makes the front: it hands each request on to an object, and its answer back. Which object that is depends on the
 * model, on where the request comes from, and on how its conversation begins, so that requests meet what was computed
 * for earlier ones. An object that is full refuses at once, and the next is asked; when all are, the request waits at
 * the first.
 */
export function createFront(options: FrontOptions): EngineFront {
  const { objectCount } = options;
  const models = modelsOfObjects(options.modelIds);
  /**
   * The object of each model and region that was asked last, by the name of their first one: it knows best how far the
   * model is loaded.
   */
  const lastAsked = new Map<string, string>();
  return async (request, path) => {
    const stored = storedId(request, path);
    if (stored) {
      const home = homeOf(stored, options);
      if (home === undefined) throw notFound(stored);
      return new Call(request, path, new HeldBody(null), regionOf(request), options).answer([home]);
    }
    const body = new HeldBody(bodyOf(request));
    if (path === STOP_PATH && !isReading(request)) {
      await body.holdAll();
      return stopInObjects(request, body.text, options);
    }
    const hint = await hintOf(request, path, body, models);
    const { base } = parseVariantId(hint.model ?? '');
    const model = models.includes(base) ? base : models[0];
    const region = regionOf(request);
    if (path === ENGINE_PATH && isReading(request)) return describeObjects(request, region, options);
    const names = objectOrder(hint.key, objectCount).map((index) => objectName(region, model, index));
    if (request.method !== 'POST')
      return new Call(request, path, body, region, options).answer([lastAsked.get(objectName(region, model, 0)) ?? names[0]]);
    const home = hint.stored === undefined ? undefined : homeOf(hint.stored, options);
    if (home !== undefined) return new Call(request, path, body, region, options).answer([home]);
    lastAsked.set(objectName(region, model, 0), names[0]);
    return new Call(request, path, body, region, options).answer(names);
  };
}

/** The path of a stored answer, and what else is done with stored responses. */
const STORED_PATH = /^\/v1\/(?:(?:chat\/)?completions\/([^/]+)(?:\/stream)?|responses\/([^/]+)(?:\/input_items)?)$/;
const CHANGE_PATH = { DELETE: /^\/v1\/(?:(?:chat\/)?completions|responses)\/([^/]+)$/, POST: /^\/v1\/responses\/([^/]+)\/cancel$/ };

/** The id of the stored answer that a request is about; undefined if it is about none. */
function storedId(request: Request, path: string): string | undefined {
  const pattern = isReading(request) ? STORED_PATH : CHANGE_PATH[request.method as keyof typeof CHANGE_PATH];
  return pattern
    ?.exec(path)
    ?.slice(1)
    .find((id) => id !== undefined);
}

/** The object that has a stored answer, of whose id its name is a part; undefined for an id that no object has given. */
function homeOf(id: string, { modelIds, objectCount }: FrontOptions): string | undefined {
  const [region, model, index] = objectOfSession(id)?.split('/') ?? [];
  const isObject = REGION_NAMES.has(region) && modelsOfObjects(modelIds).includes(model) && Number(index) < objectCount;
  const name = `${region}/${model}/${Number(index)}`;
  return isObject && name === objectOfSession(id) ? name : undefined;
}

const isReading = ({ method }: Request): boolean => ['GET', 'HEAD'].includes(method);

/** A GET or a HEAD may come with a body, means nothing by it, and cannot be sent on with it. */
const bodyOf = (request: Request): Request['body'] => (isReading(request) ? null : request.body);

/** Reads as much of a request as it takes to know its model and its conversation. */
async function hintOf(request: Request, path: string, body: HeldBody, models: readonly string[]): Promise<RequestHint> {
  if (bodyOf(request) === null) return { model: /^\/v1\/models\/([^/]+)$/.exec(path)?.[1], key: '' };
  if (!/^application\/json\b/i.test(request.headers.get('content-type') ?? '')) return { key: '' };
  await body.hold();
  const isResponse = path === RESPONSES_PATH;
  const hint = requestHint(body.text, isResponse);
  const isEnough = !isResponse && (hint.model !== undefined || models.length === 1);
  if (isEnough || body.isWhole) return hint;
  // Some clients write the model behind a long conversation, and what says where a response is stored may stand anywhere.
  await body.holdAll();
  return requestHint(body.text, isResponse);
}

/** One request on its way to an object. */
class Call {
  readonly #request: Request;
  readonly #url: URL;
  readonly #body: HeldBody;
  readonly #region: Region;
  readonly #options: FrontOptions;
  /** The number of the answer, for calls for its slices. */
  readonly #id = crypto.randomUUID();
  #resets = 0;

  constructor(request: Request, path: string, body: HeldBody, region: Region, options: FrontOptions) {
    this.#request = request;
    this.#url = new URL(request.url);
    this.#url.pathname = path;
    this.#body = body;
    this.#region = region;
    this.#options = options;
  }

  /** Asks one object after the other until one has room. */
  async answer(names: readonly string[]): Promise<Response> {
    const [home, ...others] = names;
    if (!this.#body.isWhole) return this.#relayed(await this.#firstWithRoom(names), true);
    for (const name of others.length === 0 ? [] : names) {
      const answer = await this.#ask(name, false);
      if (!isRefusal(answer)) return this.#relay(answer, name);
      await answer.body?.cancel();
    }
    return this.#relayed(home, true);
  }

  async #relayed(name: string, mayWait: boolean): Promise<Response> {
    return this.#relay(await this.#ask(name, mayWait), name);
  }

  #relay(answer: Response, name: string): Promise<Response> {
    if (isFramed(answer)) return this.#joined(answer, name);
    return relay(answer, {
      askAgain: () => (this.#maySendAgain() ? this.#ask(name, true).then((again) => this.#joined(again, name)) : null),
      toError: (cause) => objectFailed(name, cause),
      silence: this.#silenceOf(name),
    });
  }

  #silenceOf(object: string): Silence {
    return new Silence(object, this.#options.silenceMs ?? SILENCE_MS);
  }

  async #joined(answer: Response, name: string): Promise<Response> {
    return isFramed(answer) ? joinSlices(answer, this.#slicesOf(name)) : answer;
  }

  /** How the rest of an answer is asked for, which the object makes in slices. */
  #slicesOf(name: string): SliceCalls {
    return {
      goOn: (frames) => this.#send(name, true, { frames }),
      startOver: (notes) => (this.#body.isWhole ? this.#send(name, true, { notes }) : null),
      toError: (cause) => objectFailed(name, cause),
      silence: this.#silenceOf(name),
    };
  }

  /** The first object that would not let the request wait, or else the first one: a body that streams is sent once. */
  async #firstWithRoom(names: readonly string[]): Promise<string> {
    for (const name of names) if (!(await this.#isFull(name).catch(() => false))) return name;
    return names[0];
  }

  #isFull(name: string): Promise<boolean> {
    const { object, milliseconds } = this.#silenceOf(name);
    const owed: Promise<boolean> = this.#stub(name).isFull(modelOf(name));
    return within(owed, milliseconds, () => new ObjectSilent(object, 'said whether it is full', milliseconds));
  }

  /** A stub is dead after its object was reset, so each call takes a new one. */
  #stub(name: string) {
    const { namespace } = this.#options;
    return namespace.get(namespace.idFromName(name), { locationHint: this.#region.locationHint });
  }

  async #ask(name: string, mayWait: boolean): Promise<Response> {
    for (;;) {
      try {
        return await this.#send(name, mayWait);
      } catch (error) {
        if (error instanceof GptEdgeError || this.#request.signal.aborted) throw error;
        if (!this.#maySendAgain()) throw objectFailed(name, error);
      }
    }
  }

  #maySendAgain(): boolean {
    return this.#body.isWhole && this.#resets++ < MAX_RESETS;
  }

  async #send(name: string, mayWait: boolean, slice: SliceCall = {}): Promise<Response> {
    const headers = new Headers(this.#request.headers);
    headers.delete(MAY_WAIT_HEADER);
    if (mayWait) headers.set(MAY_WAIT_HEADER, '1');
    const body = this.#prepare(slice, headers);
    if (body === null) for (const header of ['content-length', 'transfer-encoding']) headers.delete(header);
    const late = new AbortController();
    const signal = AbortSignal.any([this.#request.signal, late.signal]);
    // Only a POST can carry notes.
    const method = slice.notes?.length ? 'POST' : this.#request.method;
    const answer = this.#stub(name).fetch(new Request(this.#url, { method, headers, body, signal }));
    const milliseconds = this.#options.answerSeconds * 1000;
    return within(answer, milliseconds, () => {
      const error = new ObjectSilent(name, 'begun to answer', milliseconds);
      late.abort(error);
      return error;
    });
  }

  /** @returns the body to send, whose headers it sets */
  #prepare({ frames, notes = new Uint8Array() }: SliceCall, headers: Headers): Uint8Array | ReadableStream<Uint8Array> | null {
    for (const header of SLICE_HEADERS) headers.delete(header);
    if (!isGeneration(this.#url.pathname)) return this.#body.send();
    headers.set(SLICES_HEADER, this.#id);
    if (frames !== undefined) {
      headers.set(FRAMES_HEADER, String(frames));
      return null;
    }
    if (notes.length === 0) return this.#body.send();
    headers.set(NOTES_HEADER, String(notes.length));
    headers.delete('content-length');
    return joinedBytes(notes, (this.#body.send() as Uint8Array | null) ?? new Uint8Array());
  }
}

/** What a call for the rest of an answer says: how many frames have come, or all that is known of the answer. */
interface SliceCall {
  readonly frames?: number;
  readonly notes?: Uint8Array;
}

/** Whether a request is answered with as much text as it asks for, which may take more than one slice. */
const isGeneration = (path: string): boolean => /^\/v1\/((chat\/)?completions($|\/[^/]+\/stream$)|responses($|\/[^/]+$))/.test(path);

function joinedBytes(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

const objectFailed = (name: string, cause: unknown): GptEdgeError =>
  cause instanceof GptEdgeError
    ? cause
    : new GptEdgeError('engine_unavailable', `The engine object ${name} was reset before its answer was complete. Try again.`, {
        cause,
        retryAfterSeconds: RETRY_SECONDS,
      });
