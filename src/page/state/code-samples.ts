/** The request that the samples make. */
export interface SampleRequest {
  origin: string;
  path: '/v1/completions' | '/v1/chat/completions' | '/v1/decisions';
  /** The request's JSON, without `stream`, which decisions do not have. */
  body: Record<string, unknown>;
}

export interface CodeSample {
  name: string;
  code: string;
}

/** Writes the same request as a shell command, as a call of `fetch`, and with the openai package. */
export function codeSamples(request: SampleRequest): CodeSample[] {
  return [
    { name: 'curl', code: curl(request) },
    { name: 'fetch', code: fetchCode(request) },
    { name: 'openai', code: openai(request) },
  ];
}

const curl = ({ origin, path, body }: SampleRequest): string =>
  `curl -N ${origin}${path} -H 'content-type: application/json' \\\n  -d ${quoteForShell(JSON.stringify(path === '/v1/decisions' ? body : streamed(body)))}`;

const fetchCode = ({ origin, path, body }: SampleRequest): string => `const answer = await fetch('${origin}${path}', {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(${literal(body, '  ')}),
});
${
  path === '/v1/decisions'
    ? 'const { answers } = await answer.json();\nconsole.log(answers);'
    : `const { choices } = await answer.json();
console.log(choices[0].${path === '/v1/completions' ? 'text' : 'message.content'});`
}`;

function openai({ origin, path, body }: SampleRequest): string {
  const client = `import OpenAI from 'openai';

const client = new OpenAI({ baseURL: '${origin}/v1', apiKey: 'none' });
`;
  if (path === '/v1/decisions')
    return `${client}const { answers } = await client.decisions.create(${literal(body, '')});
console.log(answers);`;
  const [create, text] =
    path === '/v1/completions' ? ['client.completions.create', 'text'] : ['client.chat.completions.create', 'delta.content'];
  return `${client}const stream = await ${create}(${literal(streamed(body), '')});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.${text} ?? '');`;
}

const streamed = (body: SampleRequest['body']) => ({ ...body, stream: true });

const quoteForShell = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Writes a value as a JavaScript literal, with unquoted keys. Each line but the first is indented by `indent`. */
function literal(value: object, indent: string): string {
  return JSON.stringify(value, null, 2)
    .replaceAll(/^( *)"([a-z_]+)":/gm, '$1$2:')
    .replaceAll('\n', `\n${indent}`);
}
