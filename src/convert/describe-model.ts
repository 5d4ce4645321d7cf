import { z } from 'zod';
import { GptEdgeError } from '../core/errors.ts';
import type { Manifest } from '../core/folder/manifest.ts';
import { type ModelSource, readJson } from './sources/hugging-face/hugging-face-folder.ts';

type SmallFiles = Pick<ModelSource, 'files' | 'license'>;

const idSchema = z.number().int().min(0);
const tokensSchema = z.object({
  bos_token_id: idSchema.nullish(),
  eos_token_id: z.union([idSchema, z.array(idSchema)]).nullish(),
});

/** The manifest's fields that come from the source's small files. */
export function describeModel(source: SmallFiles): Pick<Manifest, 'eosTokenIds' | 'bosTokenId' | 'license'> {
  const generation = readTokens(source, 'generation_config.json');
  const config = readTokens(source, 'config.json');
  const eos = generation.eos_token_id ?? config.eos_token_id ?? [];
  return {
    eosTokenIds: typeof eos === 'number' ? [eos] : eos,
    bosTokenId: generation.bos_token_id ?? config.bos_token_id ?? null,
    license: source.license?.slice(0, 128) ?? readLicense(source),
  };
}

function readTokens(source: SmallFiles, name: string): z.infer<typeof tokensSchema> {
  const parsed = tokensSchema.safeParse(readJson(source, name));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new GptEdgeError('invalid_file', `${name}: ${issue.path.join('.')}: ${issue.message}`, { param: name });
}

/** `license` in the model card's YAML front matter. */
function readLicense(source: SmallFiles): string | null {
  const card = new TextDecoder().decode(source.files.get('README.md'));
  const frontMatter = /^---\r?\n([\s\S]*?)\r?\n---/.exec(card)?.[1] ?? '';
  return /^license:[ \t]*["']?([^"'\r\n]+?)["']?[ \t]*$/m.exec(frontMatter)?.[1].slice(0, 128) ?? null;
}
