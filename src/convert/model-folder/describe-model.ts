import { parseSequenceTokens } from '../../core/folder/generation-config.ts';
import type { Manifest } from '../../core/folder/manifest.ts';
import type { SmallFiles } from '../files/json-files.ts';

/** What a source says about itself. A GGUF file states the license in its metadata instead of a model card. */
interface Described extends SmallFiles {
  readonly license?: string;
}

/**
 * Returns the manifest's fields that follow from the source's small files and from the sizes of the KV cache.
 * @throws GptEdgeError `invalid_file` if a file states a token id that is not a count
 */
export function describeModel(
  source: Described,
  { layers, keyValueHeads, headDimension }: Pick<Manifest, 'layers' | 'keyValueHeads' | 'headDimension'>,
): Pick<Manifest, 'eosTokenIds' | 'bosTokenId' | 'license' | 'kvBytesPerToken'> {
  const { files } = source;
  const tokens = parseSequenceTokens({ generation: files.get('generation_config.json'), config: files.get('config.json') });
  return {
    eosTokenIds: [...tokens.eosTokenIds],
    bosTokenId: tokens.bosTokenId,
    license: source.license?.slice(0, 128) ?? readLicense(source),
    // One key and one value in float32 for each head of each layer.
    kvBytesPerToken: 2 * 4 * layers * keyValueHeads * headDimension,
  };
}

/** Reads `license` from the model card's YAML front matter. */
function readLicense(source: SmallFiles): string | null {
  const card = new TextDecoder().decode(source.files.get('README.md'));
  const frontMatter = /^---\r?\n([\s\S]*?)\r?\n---/.exec(card)?.[1] ?? '';
  return /^license:[ \t]*["']?([^"'\r\n]+?)["']?[ \t]*$/m.exec(frontMatter)?.[1].slice(0, 128) ?? null;
}
