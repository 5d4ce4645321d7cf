// The compiler checks this file in a project that has the package installed. It proves that the package has types, and
// that they are not `any`.
import { createApp, frontFromEnv, GptEdgeError, IsolateModels, type ModelHost, modelsFromEnv, type RequestLine } from 'gpt-edge';
import { chooseKernels, createDecoder, planEngine, R2ModelFiles } from 'gpt-edge/decoder';
import relaxed from 'gpt-edge/kernels/relaxed.wasm';
import vnni from 'gpt-edge/kernels/vnni.wasm';
import { ChatTemplate, IncrementalDetokenizer, parseTokenizerConfig, parseTokenizerJson, TextTokenizer } from 'gpt-edge/tokenizer';
import worker from 'gpt-edge/worker';

export async function decode(env: Env): Promise<string> {
  const files = await R2ModelFiles.open(env.MODELS, 'tinystories-gpt2');
  const config = parseTokenizerConfig(await files.read('tokenizer_config.json'));
  const tokenizer = new TextTokenizer(parseTokenizerJson(await files.read('tokenizer.json')));
  const template: ChatTemplate | null = ChatTemplate.from(config);
  const prompt: number[] = template?.encode([{ role: 'user', content: 'Hi' }], tokenizer) ?? tokenizer.encode('Hi');
  const plan = await planEngine(files, { engine: 'auto', cacheFormat: 'auto' }, 128e6);
  const decoder = await createDecoder(files, plan, chooseKernels({ relaxed, vnni }), 128e6);
  const logits: Float32Array = await decoder.createSequence().forward(prompt);
  const text = new IncrementalDetokenizer(tokenizer);
  return text.push(logits.indexOf(Math.max(...logits))) + text.flush();
}

export const isHost = (env: Env): boolean => modelsFromEnv(env) instanceof IsolateModels;
export const app = (host: ModelHost, log: (line: RequestLine) => void) => createApp({ host, isPublic: true, log });
export const appWithPage = (env: Env) => createApp({ host: modelsFromEnv(env), assets: env.ASSETS });
export const appInObjects = (env: Env) => createApp({ host: modelsFromEnv(env), engine: frontFromEnv(env) });
export const isMissing = (error: unknown): boolean => error instanceof GptEdgeError && error.code === 'model_not_found';
export const answer = (request: Request, env: Env, context: ExecutionContext) => worker.fetch(request as never, env, context);

// @ts-expect-error there is no such code
export const noCode = (error: GptEdgeError): boolean => error.code === 'nothing';
// @ts-expect-error a host is needed
export const noHost = () => createApp({});
// @ts-expect-error an id is text
export const noId = (env: Env) => R2ModelFiles.open(env.MODELS, 5);
// @ts-expect-error the Worker needs its variables
export const noEnv = (request: Request, context: ExecutionContext) => worker.fetch(request as never, {}, context);
// @ts-expect-error token ids are numbers
export const noIds = (tokenizer: TextTokenizer) => tokenizer.decode(['a']);
