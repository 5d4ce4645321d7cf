import { convertModel } from '../../convert/convert-model.ts';
import { ProgressBar } from '../progress-bar.ts';

export interface ConvertCommandOptions {
  dtype?: string;
  embeddings?: string;
  context?: number;
  id?: string;
}

/** Converts a checkpoint and says what came out. */
export async function convert(source: string, target: string, { context, ...options }: ConvertCommandOptions): Promise<void> {
  const bar = new ProgressBar(`Converting ${source}`);
  try {
    const manifest = await convertModel({
      source,
      target,
      ...options,
      contextWindow: context,
      onProgress: ({ bytes, totalBytes }) => bar.update(bytes, totalBytes),
    });
    bar.stop();
    const bytes = Object.values(manifest.files).reduce((sum, file) => sum + file.bytes, 0);
    console.log(
      `${target}: ${manifest.id}, ${manifest.architecture}, ${(manifest.parameters / 1e6).toFixed(1)}M parameters, ${manifest.dtype}, ${(bytes / 1e6).toFixed(1)} MB, context window ${manifest.contextWindow}`,
    );
  } finally {
    bar.stop();
  }
}
