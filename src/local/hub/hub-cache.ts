import { copyFile, mkdir, readdir, readFile, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { getRepoFolderName } from '@huggingface/hub';
import { type Digest, digestOf } from './digest.ts';
import { isSafePath } from './hub-name.ts';

/** A file of a repository. */
export interface HubFile {
  readonly path: string;
  readonly bytes: number;
  /** The hash that the hub states. */
  readonly digest: Digest;
}

/** Files of a snapshot that are looked at, and how deep they may lie. Models have at most some hundreds, in one folder. */
const MAX_CACHED_FILES = 4096;
const MAX_DEPTH = 3;

/**
 * One repository in Hugging Face's cache, in the layout that all its tools share: `blobs` has each file once under its
 * hash, `snapshots/<commit>` has links to them under the files' own names, and `refs` the commit of each branch.
 */
export class CachedRepo {
  /** Where everything of the repository lies. */
  readonly folder: string;

  constructor(cache: string, repo: string) {
    this.folder = join(cache, getRepoFolderName({ type: 'model', name: repo }));
  }

  snapshot(commit: string): string {
    return join(this.folder, 'snapshots', commit);
  }

  blob({ hex }: Digest): string {
    return join(this.folder, 'blobs', hex);
  }

  /** The commit that a branch or tag had when it was last looked up; undefined if it never was. */
  async commitOf(revision: string): Promise<string | undefined> {
    if (/^[0-9a-f]{40}$/.test(revision)) return revision;
    const text = (await readFile(join(this.folder, 'refs', revision), 'utf8').catch(() => '')).trim();
    return /^[0-9a-f]{40}$/.test(text) ? text : undefined;
  }

  async setCommit(revision: string, commit: string): Promise<void> {
    if (revision === commit) return;
    const path = join(this.folder, 'refs', revision);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, commit);
  }

  /** Lets a snapshot show a blob under a file's name. Where links are not allowed, it gets a copy. */
  async link(commit: string, { path, digest }: HubFile): Promise<void> {
    const target = join(this.snapshot(commit), path);
    await mkdir(dirname(target), { recursive: true });
    if ((await realpath(target).catch(() => undefined)) === (await realpath(this.blob(digest)))) return;
    await rm(target, { force: true });
    await symlink(relative(dirname(target), this.blob(digest)), target).catch(() => copyFile(this.blob(digest), target));
  }

  /** The files of a snapshot, as far as they are there. The hash of each is the name of its blob. */
  async files(commit: string): Promise<HubFile[]> {
    const root = this.snapshot(commit);
    const names = await readdir(root, { recursive: true }).catch(() => []);
    const files: HubFile[] = [];
    for (const name of names.slice(0, MAX_CACHED_FILES)) {
      const path = name.replaceAll('\\', '/');
      const file = await stat(join(root, name)).catch(() => undefined);
      const digest = digestOf(basename(await realpath(join(root, name)).catch(() => '')));
      if (file?.isFile() && digest !== undefined && isSafePath(path) && path.split('/').length <= MAX_DEPTH)
        files.push({ path, bytes: file.size, digest });
    }
    return files;
  }
}
