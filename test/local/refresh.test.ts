import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hashFile } from '../../src/convert/files/hash-file.ts';
import { openModelFolder } from '../../src/local/model-folder.ts';
import { DEFAULT_MODEL } from '../../src/local/project-paths.ts';
import { runCli } from '../cli/run-cli.ts';

let parent: string;
let folder: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'gpt-edge-refresh-'));
  folder = join(parent, 'model');
  await cp(DEFAULT_MODEL, folder, { recursive: true });
});
afterEach(() => rm(parent, { recursive: true, force: true }));

const read = (name: string) => readFile(join(folder, name), 'utf8');
const write = (name: string, text: string) => writeFile(join(folder, name), text);

describe('gpt-edge refresh', () => {
  it('should be named by the error for an edited file, and mend the folder', async () => {
    await write('generation_config.json', '{"bos_token_id": 0, "eos_token_id": [0, 1], "temperature": 0.3}');
    await expect(openModelFolder(folder)).rejects.toThrow(
      `generation_config.json is damaged: 63 bytes, 123 expected. If it was edited on purpose, run: npx gpt-edge refresh ${folder}`,
    );
    const { code, stdout } = await runCli(['refresh', folder]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${folder}: manifest.json now describes generation_config.json.\n` });
    const { manifest } = await openModelFolder(folder);
    expect(manifest.files['generation_config.json']).toEqual(await hashFile(join(folder, 'generation_config.json')));
    expect(manifest.eosTokenIds).toEqual([0, 1]);
  });

  it('should leave a folder as it is in which nothing was edited', async () => {
    const before = await read('manifest.json');
    const { code, stdout } = await runCli(['refresh', folder]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${folder}: nothing has changed.\n` });
    expect(await read('manifest.json')).toBe(before);
  });

  it('should take up a file that was added, and one that was removed', async () => {
    await write('chat_template.jinja', "{{ messages[0]['content'] }}");
    await rm(join(folder, 'README.md'));
    expect((await runCli(['refresh', folder])).stdout).toContain('README.md, chat_template.jinja');
    const { manifest } = await openModelFolder(folder);
    expect([manifest.files['README.md'], manifest.license]).toEqual([undefined, 'mit']);
    expect(manifest.files['chat_template.jinja'].bytes).toBe(28);
  });

  it.each([
    ['generation_config.json', '{"top_p": 3}', /generation_config\.json: top_p is 3, and must be a number from 0 to 1/],
    ['generation_config.json', '{"temperature": ', /generation_config\.json: is not JSON in UTF-8/],
    ['tokenizer_config.json', '[]', /tokenizer_config\.json cannot be read/],
    ['tokenizer_config.json', '{"chat_template": "{% if %}"}', /tokenizer_config\.json: chat_template: /],
    ['config.json', '{}', /config\.json is not the file that manifest\.json describes\. Only README\.md, chat_template\.jinja, /],
    ['tokenizer.json', '{}', /tokenizer\.json is not the file that manifest\.json describes/],
  ])('should refuse %s with %s, and leave the manifest as it was', async (name, text, message) => {
    const before = await read('manifest.json');
    await write(name, text);
    const { code, stderr } = await runCli(['refresh', folder]);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(await read('manifest.json')).toBe(before);
  });
});
