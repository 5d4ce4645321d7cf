import type { LanguageModel } from '../../generation/language-model.ts';

/** What every answer of one request has in common; `created` is in seconds since the epoch. */
export function responseEnvelope(prefix: 'cmpl' | 'chatcmpl', model: LanguageModel) {
  return {
    id: `${prefix}-${crypto.randomUUID().replaceAll('-', '')}`,
    created: Math.floor(Date.now() / 1000),
    model: model.id,
    system_fingerprint: model.fingerprint,
  };
}
