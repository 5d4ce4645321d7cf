import { Environment, parse, tokenize } from '@huggingface/jinja';
import { MAX_CHAT_TEMPLATE_BYTES } from '../../core/limits.ts';
import type { Steps } from '../pace.ts';
import { strftime } from './strftime.ts';
import { TemplateInterpreter } from './template-interpreter.ts';
import { TemplateLimitError } from './template-limit-error.ts';
import { TracedString } from './traced-string.ts';
import { type OriginText, wholeRange } from './written-ranges.ts';

/** Characters of a date format. */
const MAX_FORMAT_LENGTH = 2 ** 10;
/** Numbers of one `range`. */
const MAX_RANGE = 10_000;

/** The template called `raise_exception`: it refuses the messages. */
export class TemplateRefusal extends Error {}

export interface TemplateInput {
  /** Names and values as transformers hands them to a template: messages, tools, documents, add_generation_prompt. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** Spellings of special tokens by name, `bos_token` and the like. They count as written by the template. */
  readonly tokens: Readonly<Record<string, string>>;
}

/** A chat template in Jinja, parsed. */
export class CompiledTemplate {
  readonly #program: ReturnType<typeof parse>;

  /** @throws Error that says what is wrong with the template */
  constructor(source: string) {
    if (source.length > MAX_CHAT_TEMPLATE_BYTES)
      throw new Error(`it has ${source.length} characters, over the limit of ${MAX_CHAT_TEMPLATE_BYTES}`);
    this.#program = parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true }));
  }

  /**
   * Renders in steps.
   * @returns the rendered text, and which of its characters the template wrote
   * @throws TemplateRefusal where the template refuses its input; TemplateLimitError where it takes too much; Error for
   *   any other failure
   */
  *render({ variables, tokens }: TemplateInput): Steps<OriginText> {
    const scope = new Environment();
    for (const [name, value] of Object.entries({ ...GLOBALS, ...variables })) scope.set(name, value);
    for (const [name, value] of Object.entries(tokens))
      scope.setVariable(name, new TracedString({ value, written: wholeRange(value.length) }) as never);
    return yield* new TemplateInterpreter(scope).run(this.#program, scope);
  }
}

/** Whether a caller may give a template a variable of this name: it is one, and has no meaning of its own already. */
export const isFreeVariable = (name: string): boolean =>
  /^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name) && !name.endsWith('_token') && !Object.hasOwn(GLOBALS, name) && !RESERVED.includes(name);

/** What `apply_chat_template` gives a template, or takes by name itself. */
const RESERVED = ['messages', 'tools', 'documents', 'chat_template', 'add_generation_prompt', 'continue_final_message', 'tokenize'];

const GLOBALS = {
  ...{ true: true, false: false, none: null },
  ...{ True: true, False: false, None: null },
  raise_exception: (message: unknown) => {
    throw new TemplateRefusal(String(message));
  },
  range,
  strftime_now: strftimeNow,
};

function strftimeNow(format: string): string {
  if (format.length > MAX_FORMAT_LENGTH)
    throw new TemplateLimitError(`has a date format of ${format.length} characters, over the limit of ${MAX_FORMAT_LENGTH}`);
  return strftime(new Date(), format);
}

function range(first: number, second?: number, step = 1): number[] {
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  if (step === 0) throw new Error('range() arg 3 must not be zero');
  const count = Math.max(0, Math.ceil((stop - start) / step));
  if (!(count <= MAX_RANGE)) throw new TemplateLimitError(`asks for a range of ${count} numbers, over the limit of ${MAX_RANGE}`);
  return Array.from({ length: count }, (_, index) => start + index * step);
}
