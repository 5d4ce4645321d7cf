import { Command } from 'commander';
import type { BatchClient, ToldBatch } from '../../local/batches/batch-client.ts';
import { signalOnInterrupt } from '../on-interrupt.ts';
import { number } from '../options.ts';
import { printTable } from '../printing/print-table.ts';
import { ProgressBar } from '../printing/progress-bar.ts';
import { StatusLine } from '../printing/status-line.ts';

/** Where npm start listens. */
const LOCAL_URL = 'http://127.0.0.1:8787';
/** Batches of a list. */
const LISTED = 20;

/** Where the batches are. */
const place = (command: Command): Command =>
  command
    .option('--url <url>', 'where the Worker answers; default: GPT_EDGE_URL, or a local one')
    .option('--key <key>', 'a key of the API; default: GPT_EDGE_KEY, which no other user of the machine sees');

const outOption = (command: Command, fallback: string): Command =>
  command.option('--out <file>', `the file of answers; errors are written beside it, as <file>.errors; default: ${fallback}`);

interface PlaceOptions {
  url?: string;
  key?: string;
}

interface OutOptions extends PlaceOptions {
  out?: string;
}

export const batchCommand = outOption(place(new Command('batch')), '<input>.out')
  .description('answer a file of requests: upload it, wait for its batch, and write the answers')
  .argument('<input>', "a file of OpenAI's batch lines (JSONL)")
  .action(answerFile)
  .addCommand(
    place(new Command('submit').description('upload a file, begin its batch, and print its id').argument('<input>')).action(submit),
  )
  .addCommand(
    place(new Command('status').description('show a batch, or the newest ones').argument('[id]'))
      .option('--limit <n>', 'how many', number(1, 100), LISTED)
      .action(status),
  )
  .addCommand(place(new Command('cancel').description('end a batch with the answers so far').argument('<id>')).action(cancel))
  .addCommand(
    outOption(place(new Command('get')), '<id>.jsonl')
      .description('wait for a batch, and write its answers')
      .argument('<id>')
      .action(get),
  );

// What stands behind a subcommand is its own, although this command has options of the same names. (So it is for all
// commands in main.ts, which otherwise would give this one what is meant for its subcommands.)
batchCommand.enablePositionalOptions();

const urlOf = ({ url }: PlaceOptions): string => url ?? process.env.GPT_EDGE_URL ?? LOCAL_URL;

async function clientOf(options: PlaceOptions): Promise<BatchClient> {
  const { BatchClient } = await import('../../local/batches/batch-client.ts');
  return new BatchClient(urlOf(options), options.key ?? process.env.GPT_EDGE_KEY);
}

/** An interrupted command can be given again: it goes on with the batch that it has begun. */
async function answerFile(input: string, options: OutOptions): Promise<void> {
  const { begunBatch, forgetBegun, hashOfFile, noteBegun } = await import('../../local/batches/begun-batch.ts');
  const out = options.out ?? `${input}.out`;
  const client = await clientOf(options);
  const hash = await hashOfFile(input);
  let id = await begunBatch(out, urlOf(options), hash);
  if (id === undefined) {
    id = await begin(client, input);
    await noteBegun(out, { id, url: urlOf(options), input: hash });
  } else console.error(`The batch ${id} was begun before. Waiting for it.`);
  await finish(client, id, out, 'Give the same command again to go on.');
  await forgetBegun(out);
}

async function submit(input: string, options: PlaceOptions): Promise<void> {
  console.log(await begin(await clientOf(options), input));
}

async function begin(client: BatchClient, input: string): Promise<string> {
  const { endpointOf } = await import('../../local/batches/begun-batch.ts');
  const endpoint = await endpointOf(input);
  const line = new StatusLine();
  line.show(`Uploading ${input}`);
  const file = await client.upload(input).finally(() => line.clear());
  const { id } = await client.create(file, endpoint);
  console.error(`The batch ${id} has begun.`);
  return id;
}

async function get(id: string, options: OutOptions): Promise<void> {
  await finish(await clientOf(options), id, options.out ?? `${id}.jsonl`, `gpt-edge batch get ${id} waits for it again.`);
}

/** Waits for a batch, and writes what came of it. */
async function finish(client: BatchClient, id: string, out: string, howToGoOn: string): Promise<void> {
  const { checkAnswered, waitForBatch } = await import('../../local/batches/wait-for-batch.ts');
  const bar = new ProgressBar(`Answering ${id}`, { name: 'requests', size: 1 });
  const onLook = ({ request_counts: { total, completed, failed } }: ToldBatch) => bar.update(completed + failed, total);
  const signal = signalOnInterrupt(`The batch ${id} goes on. ${howToGoOn}`);
  const batch = await waitForBatch(client, id, { onLook, signal }).finally(() => bar.stop());
  const { output_file_id: output, error_file_id: errors, request_counts: counts } = batch;
  if (output) await client.download(output, out);
  if (errors) await client.download(errors, `${out}.errors`);
  if (output) console.error(`${counts.completed} of ${counts.total} requests are answered in ${out}.`);
  if (errors) console.error(`${counts.failed} have an error in ${out}.errors.`);
  checkAnswered(batch);
}

async function status(id: string | undefined, options: PlaceOptions & { limit: number }): Promise<void> {
  const client = await clientOf(options);
  const batches = id === undefined ? await client.list(options.limit) : [await client.get(id)];
  if (batches.length === 0) console.log('There is no batch yet. gpt-edge batch <input> begins one.');
  else printTable(['id', 'status', 'answered', 'failed', 'requests', 'endpoint', 'created'], batches.map(row));
}

async function cancel(id: string, options: PlaceOptions): Promise<void> {
  const { status: now } = await (await clientOf(options)).cancel(id);
  console.log(`The batch ${id} is ${now}. gpt-edge batch get ${id} writes the answers so far when it has ended.`);
}

function row({ id, status: now, request_counts: { total, completed, failed }, endpoint, created_at }: ToldBatch): string[] {
  const created = new Date(created_at * 1000).toISOString().slice(0, 16).replace('T', ' ');
  return [id, now, String(completed), String(failed), String(total), endpoint, `${created} UTC`];
}
