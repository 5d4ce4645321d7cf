/** The part of an R2 bucket that the tools need; a local and a remote one both have it. */
export interface Bucket {
  head(key: string): Promise<StoredObject | null>;
  get(key: string): Promise<(StoredObject & { body: ReadableStream<Uint8Array>; text(): Promise<string> }) | null>;
  put(key: string, bytes: Uint8Array, options: PutOptions & { sha256: string }): Promise<unknown>;
  delete(key: string): Promise<void>;
  list(options: {
    prefix: string;
    delimiter: string;
    cursor?: string;
  }): Promise<{ delimitedPrefixes: string[]; truncated: boolean; cursor?: string }>;
  createMultipartUpload(key: string, options: PutOptions): Promise<MultipartUpload>;
  resumeMultipartUpload(key: string, uploadId: string): MultipartUpload;
}

export interface StoredObject {
  size: number;
  uploaded: Date;
  customMetadata?: Record<string, string>;
}

interface PutOptions {
  customMetadata: Record<string, string>;
}

export interface MultipartUpload {
  uploadId: string;
  uploadPart(partNumber: number, bytes: Uint8Array): Promise<UploadedPart>;
  complete(parts: UploadedPart[]): Promise<unknown>;
  abort(): Promise<void>;
}

export interface UploadedPart {
  partNumber: number;
  etag: string;
}
