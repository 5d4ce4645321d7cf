/**
 * What files and batches need of an R2 bucket. It is said here, and not by the Worker's own types, since the API names
 * it too, which Node's tools and tests compile without those types.
 */
export interface FileBucket {
  put(key: string, value: string | Uint8Array, options?: { customMetadata?: Record<string, string> }): Promise<unknown>;
  head(key: string): Promise<BucketEntry | null>;
  get(key: string, options?: { range?: ByteRange }): Promise<StoredBytes | null>;
  list(options: ListOptions): Promise<{ objects: BucketEntry[]; truncated: boolean; cursor?: string }>;
  delete(key: string): Promise<void>;
  createMultipartUpload(key: string): Promise<PartedUpload>;
}

export interface BucketEntry {
  readonly key: string;
  readonly customMetadata?: Record<string, string>;
}

export interface ByteRange {
  offset: number;
  length: number;
}

export interface StoredBytes {
  readonly body: ReadableStream<Uint8Array>;
  readonly size: number;
}

export interface ListOptions {
  prefix: string;
  limit?: number;
  startAfter?: string;
  cursor?: string;
  include?: 'customMetadata'[];
}

export interface UploadedPart {
  partNumber: number;
  etag: string;
}

export interface PartedUpload {
  uploadPart(partNumber: number, value: Uint8Array): Promise<UploadedPart>;
  complete(parts: UploadedPart[]): Promise<unknown>;
  abort(): Promise<void>;
}
