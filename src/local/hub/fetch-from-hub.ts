import { join } from 'node:path';
import { listFiles, modelInfo } from '@huggingface/hub';
import { GptEdgeError } from '../../core/errors.ts';
import { type Choice, chooseFiles } from './choose-files.ts';
import { digestOf } from './digest.ts';
import { downloadVerified } from './download-file.ts';
import { CachedRepo, type HubFile } from './hub-cache.ts';
import { hubFetch, isUnreachable } from './hub-fetch.ts';
import { formatHubName, type HubName, isSafePath } from './hub-name.ts';
import type { HubSettings } from './hub-settings.ts';

/** What is done with a repository. */
export interface HubRequest {
  /** Bytes that a Worker may hold; they decide among several files of one kind. */
  readonly limitBytes: number;
  /** Called with what was chosen before anything of it is downloaded. It may refuse, by throwing. */
  readonly onChoice?: (choice: Choice) => unknown;
  readonly onNote?: (note: string) => void;
  readonly onProgress?: (progress: { readonly bytes: number; readonly totalBytes: number }) => void;
  readonly signal?: AbortSignal;
}

/** A model of the hub on this machine. */
export interface FetchedModel {
  /** The folder or the GGUF file to convert. */
  readonly path: string;
  /** The dtype that chooses the graph, if it is a folder with several. */
  readonly dtype?: string;
  /** The name of the repository without its owner, or that of the GGUF file, without its extension, that was asked for. */
  readonly name: string;
  /** Where it came from, in words: the repository with its commit. */
  readonly origin: string;
}

/** A commit of a repository, and its files. */
interface Snapshot {
  readonly commit: string;
  readonly files: readonly HubFile[];
}

/** Files of a repository that are looked at. Models have at most some hundreds. */
const MAX_FILES = 10_000;
/** Bytes of all files that are downloaded. A checkpoint of two billion weights in 32 bits has as many. */
const MAX_DOWNLOAD_BYTES = 8 * 2 ** 30;

/**
 * Brings a model from the Hugging Face hub into the local cache, which Hugging Face's other tools share: what lies there
 * is not downloaded again. Without a network, the cache alone is used.
 * @throws GptEdgeError `command_failed` for a hub that cannot be reached or refuses, `invalid_file` for a repository
 *   without anything to convert or with too much, and what `onChoice` throws
 */
export async function fetchFromHub(name: HubName, settings: HubSettings, request: HubRequest): Promise<FetchedModel> {
  const cached = new CachedRepo(settings.cache, name.repo);
  const snapshot = await findSnapshot(name, settings, cached, request);
  const choice = chooseFiles(snapshot.files, name.repo, { file: name.file, limitBytes: request.limitBytes });
  request.onNote?.(choice.reason);
  request.onChoice?.(choice);
  await bring(name, settings, { cached, commit: snapshot.commit, choice }, request);
  const folder = cached.snapshot(snapshot.commit);
  return {
    path: choice.source === undefined ? folder : join(folder, choice.source),
    dtype: choice.dtype,
    name: (name.file ?? name.repo)
      .split('/')
      .at(-1)!
      .replace(/\.gguf$/i, ''),
    origin: formatHubName({ ...name, revision: snapshot.commit.slice(0, 12), file: choice.source }),
  };
}

/** The commit that a revision stands for and its files: the hub's, or without a network the cache's. */
async function findSnapshot(name: HubName, settings: HubSettings, cached: CachedRepo, { signal, onNote }: HubRequest): Promise<Snapshot> {
  if (!settings.isOffline) {
    try {
      const snapshot = await askForSnapshot(name, settings, signal).catch((error: unknown) => {
        // A page in place of JSON, such as the login of a network.
        throw error instanceof SyntaxError
          ? malformed(settings.url, 'it sends no JSON. Is HF_ENDPOINT a hub, or does this network ask for a login?', error)
          : error;
      });
      await cached.setCommit(name.revision, snapshot.commit);
      return snapshot;
    } catch (error) {
      if (!isUnreachable(error) || (await cached.commitOf(name.revision)) === undefined) throw error;
      onNote?.('The hub cannot be reached: what is in the local cache is used.');
    }
  }
  const commit = await cached.commitOf(name.revision);
  const files = commit === undefined ? [] : await cached.files(commit);
  if (commit !== undefined && files.length > 0) return { commit, files };
  throw new GptEdgeError(
    'command_failed',
    `${formatHubName(name)} is not in the local cache, and HF_HUB_OFFLINE says that the hub must not be asked. Unset it, or convert a folder.`,
    {
      param: 'name',
    },
  );
}

async function askForSnapshot(
  { repo, revision }: HubName,
  { url: hubUrl, accessToken }: HubSettings,
  signal?: AbortSignal,
): Promise<Snapshot> {
  const common = {
    hubUrl,
    fetch: hubFetch({ url: hubUrl, accessToken }, repo, signal),
    ...(accessToken === undefined ? {} : { accessToken }),
  };
  const { sha: commit } = await modelInfo({ name: repo, revision, additionalFields: ['sha'], ...common });
  if (digestOf(commit)?.algorithm !== 'git-sha1') throw malformed(hubUrl, 'the commit is not 40 hexadecimal digits.');
  const files: HubFile[] = [];
  for await (const { type, path, size, oid, lfs } of listFiles({
    repo: { type: 'model', name: repo },
    revision: commit,
    recursive: true,
    ...common,
  })) {
    if (files.length >= MAX_FILES) throw malformed(hubUrl, `${repo} has more than ${MAX_FILES} files.`);
    const digest = digestOf(lfs?.oid ?? oid ?? '');
    // A name that does not stay in its folder is none of a file that could be chosen.
    if (type !== 'file' || !isSafePath(path)) continue;
    if (digest === undefined || !Number.isSafeInteger(lfs?.size ?? size))
      throw malformed(hubUrl, `${path.slice(0, 200)} has no size or hash.`);
    files.push({ path, bytes: lfs?.size ?? size, digest });
  }
  return { commit, files };
}

const malformed = (url: string, problem: string, cause?: unknown) =>
  new GptEdgeError('command_failed', `The hub at ${url} answers otherwise than expected: ${problem}`, { cause });

interface Chosen {
  readonly cached: CachedRepo;
  readonly commit: string;
  readonly choice: Choice;
}

/** Downloads what is missing, and links it into the snapshot. */
async function bring({ repo }: HubName, settings: HubSettings, { cached, commit, choice }: Chosen, { signal, onProgress }: HubRequest) {
  const totalBytes = choice.files.reduce((sum, file) => sum + file.bytes, 0);
  if (totalBytes > MAX_DOWNLOAD_BYTES)
    throw new GptEdgeError(
      'invalid_file',
      `${repo}: ${(totalBytes / 1e9).toFixed(1)} GB would have to be downloaded, over the limit of ${(MAX_DOWNLOAD_BYTES / 1e9).toFixed(1)} GB. Take a smaller model, or a GGUF file of it.`,
      {
        param: 'name',
      },
    );
  let bytes = 0;
  const onBytes = (count: number) => {
    bytes += count;
    onProgress?.({ bytes, totalBytes });
  };
  for (const file of choice.files) {
    const endpoint = { url: settings.url, accessToken: settings.accessToken };
    await downloadVerified({ endpoint, repo, commit, file, path: cached.blob(file.digest), signal, onBytes });
    await cached.link(commit, file);
  }
}
