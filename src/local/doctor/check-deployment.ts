import { ask } from './ask.ts';
import { checkReady } from './check-ready.ts';
import { type Finding, failure, ok, warning } from './finding.ts';

/**
 * Asks a deployment what anyone can ask, and what its operator can, and says what is not as it should be. It generates
 * nothing.
 * @param origin such as https://gpt.example.com
 * @param operatorKey if it is at hand
 */
export async function checkDeployment(origin: string, operatorKey: string | undefined): Promise<Finding[]> {
  const health = await ask(origin, '/health');
  if (typeof health === 'string') return [failure(`${origin} does not answer: ${health}`)];
  if (health.status !== 200) return [failure(`${origin}/health answers ${health.status}.`)];
  const findings = [ok(`${origin} answers.`)];
  if (health.headers.get('x-content-type-options') !== 'nosniff')
    findings.push(failure('Answers lack x-content-type-options: something in front of the Worker removes headers.'));
  return [
    ...findings,
    ...(await checkReady(origin, operatorKey)),
    ...(await checkDoor(origin)),
    ...(await checkOperator(origin, operatorKey)),
  ];
}

async function checkDoor(origin: string): Promise<Finding[]> {
  const models = await ask(origin, '/v1/models');
  if (typeof models === 'string') return [failure(`/v1/models does not answer: ${models}`)];
  const wrong = await ask(origin, '/v1/models', `ge_sk_${'0'.repeat(16)}_${'0'.repeat(64)}`);
  const findings: Finding[] = [];
  if (models.status === 401) findings.push(ok('It asks for a key.'));
  else if (models.status === 200 && models.headers.has('x-ratelimit-limit-requests'))
    findings.push(ok(`It is open to everyone, ${models.headers.get('x-ratelimit-limit-requests')} requests a minute for each address.`));
  else if (models.status === 200) findings.push(warning('It is open to everyone, without a limit.'));
  else findings.push(failure(`/v1/models answers ${models.status}: ${(await models.text()).slice(0, 200)}`));
  if (typeof wrong !== 'string' && wrong.status !== 401) findings.push(failure(`A wrong key is answered with ${wrong.status}.`));
  return findings;
}

async function checkOperator(origin: string, operatorKey: string | undefined): Promise<Finding[]> {
  const closed = await ask(origin, '/metrics');
  if (typeof closed !== 'string' && closed.status !== 401)
    return [failure(`/metrics answers ${closed.status} to whoever has no operator's key.`)];
  if (operatorKey === undefined) return [warning('The environment has no OPERATOR_KEY, so what it opens was not checked.')];
  const open = await ask(origin, '/metrics', operatorKey);
  if (typeof open === 'string' || open.status !== 200)
    return [failure("The operator's key is refused: npx wrangler secret put OPERATOR_KEY sets it, and the binding ACCESS is needed.")];
  return [ok("The operator's key opens the keys and the metrics.")];
}
