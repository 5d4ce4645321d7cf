/**
 * Runs in Chromium: the same measurement for the interfaces of both versions of wllama. The server takes the time
 * between two marks.
 */
const query = new URLSearchParams(location.search);
const folder = query.get('folder');
const task = JSON.parse(query.get('task'));
const tell = (path, values) => fetch(`${path}?${new URLSearchParams(values)}`);
const mark = (name) => tell('/mark', { name });

/** Measures version 2, which takes tokens. */
async function measureByTokens(wllama) {
  const feed = async (count) => {
    await wllama.kvClear();
    await wllama.samplingInit({ temp: 0 });
    await wllama.decode(task.tokens.slice(0, count), {});
  };
  await feed(task.short);
  await mark('prefill:start');
  await feed(task.prefill);
  await mark('prefill:end');
  await feed(task.short);
  await mark('short:start');
  for (let step = 0; step < task.steps; step++) {
    const { token } = await wllama.samplingSample();
    await wllama.samplingAccept([token]);
    await wllama.decode([token], {});
  }
  await mark('short:end');
  return { prefill: task.prefill, short: task.steps };
}

/**
 * Measures version 3, which takes text and reports how many tokens it was. The prompts' first words differ, so that
 * none can use the cache of an earlier one.
 */
async function measureByText(wllama) {
  const complete = async (word, count, max_tokens, onFirst) => {
    let timings;
    let first = true;
    const prompt = word + ' the'.repeat(count - 1);
    const stream = await wllama.createCompletion({ prompt, max_tokens, temperature: 0, ignore_eos: true, stream: true });
    for await (const chunk of stream) {
      if (first) await onFirst?.();
      first = false;
      timings = chunk.timings ?? timings;
    }
    return timings;
  };
  await complete('One', task.short, 2);
  await mark('prefill:start');
  const prefill = await complete('Two', task.prefill, 1);
  await mark('prefill:end');
  const decode = await complete('Six', task.short, task.steps + 1, () => mark('short:start'));
  await mark('short:end');
  return { prefill: prefill.prompt_n, short: decode.predicted_n - 1 };
}

try {
  const { Wllama } = await import(`/${folder}/esm/index.js`);
  const isText = folder !== 'wllama-2';
  const path = isText
    ? { default: `/${folder}/esm/wasm/wllama.wasm` }
    : { 'single-thread/wllama.wasm': `/${folder}/esm/single-thread/wllama.wasm` };
  const wllama = new Wllama(path, { suppressNativeLog: true });
  const blob = await (await fetch('/model.gguf')).blob();
  await wllama.loadModel([blob], { n_ctx: 1024, n_threads: 1, n_batch: 256, n_gpu_layers: 0 });
  const counts = await (isText ? measureByText(wllama) : measureByTokens(wllama));
  await tell('/done', { counts: JSON.stringify(counts) });
} catch (error) {
  await tell('/failed', { message: String(error?.stack ?? error) });
}
