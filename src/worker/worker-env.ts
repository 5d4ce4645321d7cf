/** The bindings and variables that the Worker reads; wrangler.toml says what each means. */
export interface WorkerEnv {
  MODELS: R2Bucket;
  MODEL_IDS: string;
  MEMORY_LIMIT_MB?: string;
  ENGINE?: string;
  KV_CACHE?: string;
  PUBLIC?: string;
  LOG_REQUESTS?: string;
}
