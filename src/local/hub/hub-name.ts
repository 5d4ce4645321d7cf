import { GptEdgeError } from '../../core/errors.ts';

/** A model on the Hugging Face hub. */
export interface HubName {
  /** The repository: `owner/name`. */
  readonly repo: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
  /** The path of a GGUF file in the repository, if one was named. */
  readonly file?: string;
}

/** The hub's own limit for a name is 96 characters; a revision may have slashes, as `refs/pr/1` has. */
const PART = '[A-Za-z0-9][A-Za-z0-9._-]{0,95}';
const NAME = new RegExp(`^(${PART}/${PART})(?:@([A-Za-z0-9][A-Za-z0-9._/-]{0,127}))?(?::(.{1,256}))?$`);

/** The path of a file in a repository. None that matches leads out of a folder. */
const PATH = /^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._ +-]*(\/[A-Za-z0-9][A-Za-z0-9._ +-]*)*$/;

/** Whether a text has the form of a model's name on the hub. A relative path of two parts has it, too. */
export const looksLikeHubName = (text: string): boolean => NAME.test(text);

/** Whether a path in a repository may become a path on this machine. */
export const isSafePath = (path: string): boolean => path.length <= 256 && PATH.test(path);

/**
 * Parses `owner/name`, `owner/name@revision`, `owner/name:file.gguf` or all of them together.
 * @throws GptEdgeError `invalid_value` for any other text
 * @example
 * parseHubName('HuggingFaceTB/SmolLM2-135M-Instruct@main');
 */
export function parseHubName(text: string): HubName {
  const [, repo, revision = 'main', file] = NAME.exec(text) ?? [];
  const refuse = (problem: string) =>
    new GptEdgeError('invalid_value', `${JSON.stringify(text.slice(0, 200))} ${problem}`, { param: 'name' });
  if (repo === undefined || revision.includes('..'))
    throw refuse('is not the name of a model on the hub, which is owner/name, with @revision and :file.gguf where they are needed.');
  if (file !== undefined && (!isSafePath(file) || !/\.gguf$/i.test(file)))
    throw refuse('names a file that is not a GGUF file. Without a file, the one to take is found.');
  return file === undefined ? { repo, revision } : { repo, revision, file };
}

/** Formats a name as a person writes it. */
export function formatHubName({ repo, revision, file }: HubName): string {
  return `${repo}${revision === 'main' ? '' : `@${revision}`}${file === undefined ? '' : `:${file}`}`;
}
