import { Command } from 'commander';

export const refreshCommand = new Command('refresh')
  .description("bring a model folder's manifest up to date after its small files were edited by hand")
  .argument('<folder>', 'a model folder')
  .action(refresh);

/** Checks what was edited in a model folder, and rewrites its manifest. */
async function refresh(path: string): Promise<void> {
  const { refreshFolder } = await import('../../local/refresh-folder.ts');
  const changed = await refreshFolder(path);
  console.log(changed.length > 0 ? `${path}: manifest.json now describes ${changed.join(', ')}.` : `${path}: nothing has changed.`);
}
