import { checkParts, type PostProcessorJson, unsupported } from './parts/supported-parts.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

interface Affixes {
  readonly prefix: number[];
  readonly suffix: number[];
}

/**
 * Ids of the special tokens, such as BOS, that the tokenizer's post-processor puts before and after a sequence.
 * @throws GptEdgeError `unsupported_model` for a post-processor that is not supported
 */
export function sequenceAffixes(tokenizer: TokenizerJson): Affixes {
  const adding = checkParts(tokenizer).postProcessors.filter((processor) => processor.type !== 'ByteLevel');
  // The package hands a second one several sequences, for which it has another template.
  if (adding.length > 1) throw unsupported(`post_processor: ${adding.map(({ type }) => type).join(' and ')} do not go together`);
  return adding.length === 1 ? affixesOf(adding[0]) : { prefix: [], suffix: [] };
}

/** A ByteLevel adds nothing; it concerns offsets alone. */
function affixesOf(json: Exclude<PostProcessorJson, { type: 'ByteLevel' }>): Affixes {
  if (json.type !== 'TemplateProcessing') return { prefix: [json.cls[1]], suffix: [json.sep[1]] };
  const { single, special_tokens: tokens } = json;
  const place = single.findIndex((piece) => 'Sequence' in piece);
  const isTwice = single.findLastIndex((piece) => 'Sequence' in piece) !== place;
  if (place < 0 || isTwice) throw unsupported('post_processor TemplateProcessing: single does not have the sequence once');
  const ids = (pieces: typeof single) =>
    pieces.flatMap((piece) => {
      const id = 'SpecialToken' in piece ? piece.SpecialToken.id : '';
      if (!Object.hasOwn(tokens, id)) throw unsupported(`post_processor TemplateProcessing: special_tokens has no ${JSON.stringify(id)}`);
      return tokens[id].ids;
    });
  return { prefix: ids(single.slice(0, place)), suffix: ids(single.slice(place + 1)) };
}
