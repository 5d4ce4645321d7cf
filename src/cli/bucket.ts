/** The part of an R2 bucket that pushing needs; a local and a remote one both have it. */
export interface Bucket {
  head(key: string): Promise<{ customMetadata?: Record<string, string> } | null>;
  put(key: string, bytes: Uint8Array, options: PutOptions): Promise<unknown>;
  createMultipartUpload(key: string, options: PutOptions): Promise<MultipartUpload>;
}

interface PutOptions {
  customMetadata: Record<string, string>;
}

interface MultipartUpload {
  uploadPart(partNumber: number, bytes: Uint8Array): Promise<UploadedPart>;
  complete(parts: UploadedPart[]): Promise<unknown>;
  abort(): Promise<void>;
}

interface UploadedPart {
  partNumber: number;
  etag: string;
}
