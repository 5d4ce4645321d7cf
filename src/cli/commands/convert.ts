import { convertModel } from '../../convert/convert-model.ts';
import { GptEdgeError } from '../../core/errors.ts';
import { describeDtype, folderBytes } from '../../core/folder/manifest.ts';
import { ProgressBar } from '../printing/progress-bar.ts';

export interface ConvertCommandOptions {
  dtype?: string;
  embeddings?: string;
  context?: number;
  tokenizer?: string;
  id?: string;
}

/** Converts a checkpoint and says what came out. */
export async function convert(source: string, target: string, { context, ...options }: ConvertCommandOptions): Promise<void> {
  const interruption = new AbortController();
  const interrupt = () => interruption.abort(new GptEdgeError('command_failed', 'Interrupted: nothing was written.'));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const bar = new ProgressBar(`Converting ${source}`);
  const onProgress = (progress: { bytes: number; totalBytes: number }) => bar.update(progress.bytes, progress.totalBytes);
  const { signal } = interruption;
  const manifest = await convertModel({ source, target, ...options, contextWindow: context, signal, onProgress }).finally(() => bar.stop());
  const bytes = folderBytes(manifest);
  const { id, architecture, parameters, contextWindow } = manifest;
  const facts = [
    id,
    architecture,
    `${(parameters / 1e6).toFixed(1)}M parameters`,
    describeDtype(manifest),
    `${(bytes / 1e6).toFixed(1)} MB`,
  ];
  console.log(`${target}: ${facts.join(', ')}, context window ${contextWindow}`);
  console.log(`From ${manifest.source}`);
}
