import type { Manifest } from '../src/model/manifest.ts';

/** What is timed, the same for everyone: a prompt of many tokens, and a run of single steps behind a short one. */
export interface Task {
  prefillTokens: number[];
  decodePrompt: number[];
  decodeTokens: number;
}

/** Some ids are as good as others here: the work does not depend on them. The EOS tokens are left out. */
export function makeTask({ contextWindow, vocabularySize, eosTokenIds }: Manifest): Task {
  const ids = Array.from({ length: contextWindow }, (_, index) => (index * 7919 + 13) % vocabularySize).filter(
    (id) => !eosTokenIds.includes(id),
  );
  return {
    prefillTokens: ids.slice(0, Math.min(400, Math.floor(contextWindow * 0.75))),
    decodePrompt: ids.slice(0, 16),
    decodeTokens: Math.min(200, contextWindow - 17),
  };
}
