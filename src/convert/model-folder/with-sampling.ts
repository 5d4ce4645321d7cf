import { GptEdgeError } from '../../core/errors.ts';
import { parseGenerationConfig, parseSamplingText } from '../../core/folder/generation-config.ts';
import { jsonBytes, readJson, type SmallFiles } from '../files/json-files.ts';

const FILE = 'generation_config.json';

/**
 * What a chat model samples with if its checkpoint recommends no temperature. At 1, the default of OpenAI's API, small
 * models lose the thread within a sentence. bench/chat-sampling.ts asks 24 plain questions: SmolLM2-135M-Instruct in 4
 * bits answered 63 % at temperature 0, 60 % with these values, which its card recommends, 65 % at 0.5 and 0.7 with top_p
 * 0.9, and 33 % at 1. Below 1 the differences are within the noise of 48 answers.
 */
export const CHAT_SAMPLING: Readonly<Record<string, number>> = { temperature: 0.2, top_p: 0.9 };

/** What a conversion is told about sampling. */
interface SamplingRequest {
  /** Options such as `temperature=0.2,top_p=0.9`, which replace those of the checkpoint. */
  readonly sampling?: string;
  /** Told of what was decided for the user. */
  readonly onNote?: (note: string) => void;
}

/**
 * Returns a source's small files with the sampling options that the model folder will recommend: the checkpoint's,
 * those that were asked for in their place, and for a chat model without a temperature CHAT_SAMPLING.
 * @throws GptEdgeError `invalid_value` for an option that does not exist or a value out of its range,
 *   `unsupported_model` for a generation_config.json that the Worker would refuse
 */
export function withSampling(source: SmallFiles, { sampling, onNote }: SamplingRequest): ReadonlyMap<string, Uint8Array> {
  const { files } = source;
  const brought = files.get(FILE);
  const recommended = brought ? parseGenerationConfig(brought) : {};
  const asked = parseAsked(sampling);
  const config = readJson(source, FILE);
  const isOpen = (recommended.temperature ?? asked.temperature) === undefined && hasChatTemplate(source);
  // An option that the checkpoint or the user has decided on stays.
  const tamed = Object.entries(CHAT_SAMPLING).filter(([name]) => isOpen && (config[name] ?? asked[name] ?? null) === null);
  if (tamed.length > 0) {
    const options = tamed.map(([name, value]) => `${name}=${value}`).join(',');
    onNote?.(`The checkpoint has a chat template and recommends no temperature, so ${FILE} gets ${options}. --sampling sets another.`);
  }
  const changes = { ...Object.fromEntries(tamed), ...asked };
  if (Object.keys(changes).length === 0) return files;
  return new Map([...files, [FILE, jsonBytes({ ...config, ...sampled(changes), ...changes })]]);
}

/** `do_sample` decides in transformers whether a temperature counts at all. */
function sampled({ temperature }: Readonly<Record<string, number>>): { do_sample?: boolean } {
  return temperature === undefined ? {} : { do_sample: temperature > 0 };
}

function parseAsked(sampling: string | undefined): Record<string, number> {
  try {
    return parseSamplingText(sampling ?? '', ',');
  } catch (cause) {
    throw new GptEdgeError('invalid_value', `sampling: ${(cause as Error).message}`, { param: 'sampling', cause });
  }
}

function hasChatTemplate(source: SmallFiles): boolean {
  if ([...source.files.keys()].some((name) => name.endsWith('.jinja'))) return true;
  const { chat_template: template } = readJson(source, 'tokenizer_config.json');
  return Array.isArray(template) ? template.length > 0 : typeof template === 'string' && template !== '';
}
