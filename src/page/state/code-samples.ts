/** A request as a program would make it. */
export interface SampleRequest {
  origin: string;
  path: '/v1/completions' | '/v1/chat/completions';
  /** The JSON to send, `stream` left out. */
  body: Record<string, unknown>;
}

export interface CodeSample {
  name: string;
  code: string;
}

/** The same request for a shell, for a page or any JavaScript runtime, and for the openai package. */
export function codeSamples(request: SampleRequest): CodeSample[] {
  return [
    { name: 'curl', code: curl(request) },
    { name: 'fetch', code: fetchCode(request) },
    { name: 'openai', code: openai(request) },
  ];
}

const streamed = (body: SampleRequest['body']) => ({ ...body, stream: true });

const quoteForShell = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const curl = ({ origin, path, body }: SampleRequest): string =>
  `curl -N ${origin}${path} -H 'content-type: application/json' \\\n  -d ${quoteForShell(JSON.stringify(streamed(body)))}`;

/** JSON as JavaScript is written, every line but the first moved in by `indent`. */
function literal(value: object, indent: string): string {
  return JSON.stringify(value, null, 2)
    .replaceAll(/^( *)"([a-z_]+)":/gm, '$1$2:')
    .replaceAll('\n', `\n${indent}`);
}

const fetchCode = ({ origin, path, body }: SampleRequest): string => `const answer = await fetch('${origin}${path}', {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(${literal(body, '  ')}),
});
const { choices } = await answer.json();
console.log(choices[0].${path === '/v1/completions' ? 'text' : 'message.content'});`;

function openai({ origin, path, body }: SampleRequest): string {
  const [create, text] =
    path === '/v1/completions' ? ['client.completions.create', 'text'] : ['client.chat.completions.create', 'delta.content'];
  return `import OpenAI from 'openai';

const client = new OpenAI({ baseURL: '${origin}/v1', apiKey: 'none' });
const stream = await ${create}(${literal(streamed(body), '')});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.${text} ?? '');`;
}
