import type { Adapters } from '../../../core/decoder.ts';
import { GptEdgeError } from '../../../core/errors.ts';
import { adapterFiles, adapterNames } from '../../../core/folder/adapter-files.ts';
import {
  type AdapterManifest,
  haveSameWeights,
  moduleBytes,
  parseAdapterManifest,
  weightHashes,
} from '../../../core/folder/adapter-manifest.ts';
import type { ModelFiles } from '../../../core/folder/model-files.ts';
import { showText } from '../../../core/invalid-file.ts';
import type { AdaptableProduct } from '../plan/plan-builder.ts';
import type { EngineMemory } from './engine-memory.ts';

/** What an adapter adds to one product of the graph: operands of the kernel `addLowRank`. */
export interface LoadedModule {
  /** Addresses of its two matrices. */
  readonly down: number;
  readonly up: number;
  readonly rank: number;
  /** 1 for matrices of 8 bits, 0 for those of float32. */
  readonly isQuantized: number;
}

/** An adapter in memory. */
export interface LoadedAdapter {
  readonly name: string;
  /** By the name of the graph's node. */
  readonly modules: ReadonlyMap<string, LoadedModule>;
}

/** A part of the room, and whose it is. */
interface Region {
  readonly start: number;
  readonly bytes: number;
}

export interface AdapterRoomOptions {
  readonly files: ModelFiles;
  readonly memory: EngineMemory;
  /** The room in the engine's memory. The largest adapter fits. */
  readonly start: number;
  readonly bytes: number;
  /** The products that adapters may add to, by the name of the node. */
  readonly products: ReadonlyMap<string, AdaptableProduct>;
}

/**
 * The adapters of a model, and the room for them in the engine's memory. An adapter is read when it is first asked for,
 * and stays until others need its place: of those that nobody uses, the one that was used least recently goes first.
 */
export class AdapterRoom implements Adapters {
  readonly names: readonly string[];
  readonly #options: AdapterRoomOptions;
  /** The one that was used least recently comes first. */
  readonly #regions = new Map<string, Region>();
  readonly #loaded = new Map<string, LoadedAdapter>();
  readonly #users = new Map<string, number>();
  /** Ends the use of requests that were dropped: the code of a cancelled request does not go on to say so. */
  readonly #dropped = new FinalizationRegistry<() => void>((end) => end());

  constructor(options: AdapterRoomOptions) {
    this.#options = options;
    this.names = adapterNames(options.files.manifest.files);
  }

  isLoaded(name: string): boolean {
    return this.#loaded.has(name);
  }

  /** Returns an adapter that is loaded. @throws RangeError for another one, whose weights would be missing */
  get(name: string): LoadedAdapter {
    const adapter = this.#loaded.get(name);
    if (adapter === undefined) throw new RangeError(`the adapter ${name} is not loaded`);
    return adapter;
  }

  /** Keeps an adapter from giving way. @returns what lets it go; calling it again does nothing */
  hold(name: string): () => void {
    this.#count(name, 1);
    let isHeld = true;
    return () => {
      if (isHeld) this.#count(name, -1);
      isHeld = false;
    };
  }

  use(name: string, until: Promise<unknown>): void {
    const end = this.hold(name);
    until.then(end, end);
    this.#dropped.register(until, end);
  }

  load(name: string): Promise<void> | null {
    this.#touch(name);
    if (this.#loaded.has(name)) return Promise.resolve();
    if (!this.names.includes(name))
      throw new GptEdgeError('model_not_found', `There is no adapter ${showText(name)}. There are: ${this.names.join(', ')}.`, {
        param: 'model',
      });
    // Whoever began to read it may have been ended meanwhile, so it is read again, into the same place.
    const region = this.#regions.get(name) ?? this.#reserve(this.#options.files.manifest.files[adapterFiles(name)!.weights].bytes);
    if (region === null) return null;
    this.#regions.set(name, region);
    return this.#read(name, region).catch((error) => {
      if (!this.#loaded.has(name) && this.#regions.get(name) === region) this.#forget(name);
      throw error;
    });
  }

  #count(name: string, change: number): void {
    this.#users.set(name, (this.#users.get(name) ?? 0) + change);
    this.#touch(name);
  }

  /** Notes that an adapter is used now. */
  #touch(name: string): void {
    const region = this.#regions.get(name);
    if (region === undefined) return;
    this.#regions.delete(name);
    this.#regions.set(name, region);
  }

  #forget(name: string): void {
    this.#regions.delete(name);
    this.#loaded.delete(name);
  }

  /** Finds room, and forgets adapters that nobody uses for it. @returns null if there is none now */
  #reserve(bytes: number): Region | null {
    const idle = [...this.#regions.keys()].filter((name) => (this.#users.get(name) ?? 0) === 0);
    for (let victims = 0; victims <= idle.length; victims++) {
      const gone = idle.slice(0, victims);
      const start = this.#gap(bytes, gone);
      if (start === undefined) continue;
      for (const name of gone) this.#forget(name);
      return { start, bytes };
    }
    return null;
  }

  /** Where the first gap of so many bytes begins, if some adapters were not there. */
  #gap(bytes: number, without: readonly string[]): number | undefined {
    const { start: first, bytes: room } = this.#options;
    const taken = [...this.#regions].filter(([name]) => !without.includes(name)).map(([, region]) => region);
    let start = first;
    for (const region of taken.sort((a, b) => a.start - b.start)) {
      if (start + bytes <= region.start) return start;
      start = region.start + region.bytes;
    }
    return start + bytes <= first + room ? start : undefined;
  }

  async #read(name: string, region: Region): Promise<void> {
    const { start } = region;
    const { manifest: manifestFile, weights } = adapterFiles(name)!;
    const { files, memory } = this.#options;
    const copy = async () => {
      let at = start;
      for await (const piece of files.stream(weights)) {
        if (this.#regions.get(name) !== region) throw unusable(name, 'gave way to another one while it was read, since nobody used it');
        memory.views.u8.set(piece, at);
        at += piece.length;
      }
    };
    const [bytes] = await Promise.all([files.read(manifestFile), copy()]);
    this.#loaded.set(name, { name, modules: this.#place(this.#parse(bytes, manifestFile), start, name) });
  }

  #parse(bytes: Uint8Array, file: string): AdapterManifest {
    try {
      return parseAdapterManifest(new TextDecoder().decode(bytes), file);
    } catch (cause) {
      throw new GptEdgeError('model_unavailable', (cause as Error).message, { param: 'model', cause });
    }
  }

  /** Finds the addresses of an adapter's matrices, and checks that they fit the graph and the file. */
  #place({ base, modules, dtype }: AdapterManifest, start: number, name: string): Map<string, LoadedModule> {
    const { files, products } = this.#options;
    if (!haveSameWeights(base, weightHashes(files.manifest))) throw unusable(name, 'was converted for another base model');
    const bytes = files.manifest.files[adapterFiles(name)!.weights].bytes;
    return new Map(
      modules.map((module): [string, LoadedModule] => {
        const { node, inputs, outputs, rank, offset } = module;
        const product = products.get(node);
        if (product?.inputs !== inputs || product.outputs !== outputs)
          throw unusable(
            name,
            `adds a product of ${inputs} inputs and ${outputs} outputs to ${showText(node)}, which the graph does not have`,
          );
        const { down, up } = moduleBytes(module, dtype);
        if (offset + down + up > bytes) throw unusable(name, `ends before its matrices for ${showText(node)}`);
        return [node, { down: start + offset, up: start + offset + down, rank, isQuantized: Number(dtype === 'q8') }];
      }),
    );
  }
}

const unusable = (name: string, problem: string): GptEdgeError =>
  new GptEdgeError('model_unavailable', `The adapter ${name} ${problem}. Convert it again (gpt-edge convert --adapter).`, {
    param: 'model',
  });
