/** The part of wrangler's configuration that is checked. */
export interface Configuration {
  main?: string;
  compatibility_flags: string[];
  vars: Record<string, string>;
  r2_buckets: { binding: string }[];
  durable_objects: { bindings: { name: string; class_name: string }[] };
  migrations: { new_sqlite_classes?: string[] }[];
  queues?: {
    producers?: { binding: string; queue: string }[];
    consumers?: { queue: string; dead_letter_queue?: string }[];
  };
  observability?: { enabled?: boolean };
}
