import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openHuggingFaceFolder } from '../../src/convert/sources/hugging-face/open-hugging-face-folder.ts';
import { gpt2Gguf, llamaGguf } from './gguf-models.ts';

/** Writes the golden models tiny-llama and tiny-gpt2 into a folder, as GGUF files of their names. */
export async function writeTinyGgufs(golden: string, folder: string): Promise<void> {
  const write = async (name: string, make: typeof llamaGguf) => {
    const source = await openHuggingFaceFolder(join(golden, name));
    await writeFile(join(folder, `${name}.gguf`), await make(source).finally(() => source.weights.close()));
  };
  await write('tiny-llama', llamaGguf);
  await write('tiny-gpt2', gpt2Gguf);
}
