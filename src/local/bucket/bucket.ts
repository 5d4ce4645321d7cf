import type { UnfinishedUploads } from './unfinished-uploads.ts';

/** A bucket for models, and the record of uploads to it that were interrupted. */
export interface ModelBucket {
  bucket: Bucket;
  uploads: UnfinishedUploads;
}

/**
 * The part of R2's interface that the tools use. A local bucket (in Miniflare) and the real one both implement it.
 */
export interface Bucket {
  head(key: string): Promise<StoredObject | null>;
  get(key: string): Promise<(StoredObject & { body: ReadableStream<Uint8Array>; text(): Promise<string> }) | null>;
  put(key: string, bytes: Uint8Array, options?: PutOptions & { sha256: string }): Promise<unknown>;
  delete(keys: string | string[]): Promise<void>;
  list(options: {
    prefix: string;
    delimiter?: string;
    cursor?: string;
  }): Promise<{ objects: StoredObject[]; delimitedPrefixes: string[]; truncated: boolean; cursor?: string }>;
  createMultipartUpload(key: string, options: PutOptions): Promise<MultipartUpload>;
  resumeMultipartUpload(key: string, uploadId: string): MultipartUpload;
}

/** What R2 knows of an object without its content. */
export interface StoredObject {
  key: string;
  /** Bytes. */
  size: number;
  /** The hash that R2 has computed of what arrived. */
  etag: string;
  uploaded: Date;
  customMetadata?: Record<string, string>;
}

interface PutOptions {
  customMetadata: Record<string, string>;
}

/** An upload in parts, which becomes an object when it is completed. */
export interface MultipartUpload {
  uploadId: string;
  uploadPart(partNumber: number, bytes: Uint8Array): Promise<UploadedPart>;
  complete(parts: UploadedPart[]): Promise<unknown>;
  abort(): Promise<void>;
}

/** A part that arrived. `complete` needs all of them. */
interface UploadedPart {
  /** Counted from 1. */
  partNumber: number;
  etag: string;
}
