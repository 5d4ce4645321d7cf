import { z } from 'zod';
import { GptEdgeError } from '../../core/errors.ts';
import type { Manifest } from '../../core/folder/manifest.ts';
import { readJson, type SmallFiles } from '../files/json-files.ts';

/** What a source says about itself. A GGUF file states the license in its metadata instead of a model card. */
interface Described extends SmallFiles {
  readonly license?: string;
}

const idSchema = z.number().int().min(0);
const tokensSchema = z.object({
  bos_token_id: idSchema.nullish(),
  eos_token_id: z.union([idSchema, z.array(idSchema)]).nullish(),
});

/**
 * Returns the manifest's fields that follow from the source's small files and from the sizes of the KV cache.
 * @throws GptEdgeError `invalid_file` if a file states a token id that is not a count
 */
export function describeModel(
  source: Described,
  { layers, keyValueHeads, headDimension }: Pick<Manifest, 'layers' | 'keyValueHeads' | 'headDimension'>,
): Pick<Manifest, 'eosTokenIds' | 'bosTokenId' | 'license' | 'kvBytesPerToken'> {
  const generation = readTokens(source, 'generation_config.json');
  const config = readTokens(source, 'config.json');
  const eos = generation.eos_token_id ?? config.eos_token_id ?? [];
  return {
    eosTokenIds: typeof eos === 'number' ? [eos] : eos,
    bosTokenId: generation.bos_token_id ?? config.bos_token_id ?? null,
    license: source.license?.slice(0, 128) ?? readLicense(source),
    // One key and one value in float32 for each head of each layer.
    kvBytesPerToken: 2 * 4 * layers * keyValueHeads * headDimension,
  };
}

function readTokens(source: SmallFiles, name: string): z.infer<typeof tokensSchema> {
  const parsed = tokensSchema.safeParse(readJson(source, name));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new GptEdgeError('invalid_file', `${name}: ${issue.path.join('.')}: ${issue.message}`, { param: name });
}

/** Reads `license` from the model card's YAML front matter. */
function readLicense(source: SmallFiles): string | null {
  const card = new TextDecoder().decode(source.files.get('README.md'));
  const frontMatter = /^---\r?\n([\s\S]*?)\r?\n---/.exec(card)?.[1] ?? '';
  return /^license:[ \t]*["']?([^"'\r\n]+?)["']?[ \t]*$/m.exec(frontMatter)?.[1].slice(0, 128) ?? null;
}
