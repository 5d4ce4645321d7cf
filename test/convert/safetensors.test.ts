import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSafetensors } from '../../src/convert/sources/hugging-face/safetensors.ts';
import { MAX_HEADER_BYTES, parseSafetensorsHeader } from '../../src/convert/sources/hugging-face/safetensors-header.ts';
import { MAX_TENSORS } from '../../src/convert/tensors/tensor-limits.ts';
import { GptEdgeError } from '../../src/core/errors.ts';
import { buildSafetensors } from './build-safetensors.ts';

let folder: string;
let path: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gpt-edge-safetensors-'));
  path = join(folder, 'model.safetensors');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Two tensors of 8 and 4 bytes. */
const VALID = {
  __metadata__: { format: 'pt' },
  a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
  b: { dtype: 'F16', shape: [2, 1], data_offsets: [8, 12] },
};
const DATA = new Uint8Array(new Float32Array([1.5, -2, 0]).buffer);

async function openBytes(bytes: Uint8Array) {
  await writeFile(path, bytes);
  return openSafetensors(path);
}

describe('openSafetensors', () => {
  it('should list tensors and read each', async () => {
    const source = await openBytes(buildSafetensors(VALID, DATA));
    expect([...source.tensors.keys()]).toEqual(['a', 'b']);
    expect(source.tensors.get('b')).toMatchObject({ dtype: 'F16', shape: [2, 1], bytes: 4 });
    expect([...(await source.read('a')).values]).toEqual([1.5, -2]);
    expect([...(await source.read('b')).values]).toEqual([0, 0]);
    await source.close();
  });

  it.each([
    { dtype: 'F32', bytes: new Float32Array([0.1, -3]), values: [Math.fround(0.1), -3] },
    { dtype: 'F16', bytes: new Uint16Array([0x3c00, 0xc100, 0x0001, 0x7bff]), values: [1, -2.5, 2 ** -24, 65504] },
    { dtype: 'BF16', bytes: new Uint16Array([0x3f80, 0xc020, 0x7f7f]), values: [1, -2.5, 3.3895313892515355e38] },
  ])('should widen $dtype exactly', async ({ dtype, bytes, values }) => {
    const source = await openBytes(
      buildSafetensors({ t: { dtype, shape: [values.length], data_offsets: [0, bytes.byteLength] } }, new Uint8Array(bytes.buffer)),
    );
    expect([...(await source.read('t')).values]).toEqual(values);
    await source.close();
  });

  it('should refuse a weight that is not a finite number, naming it', async () => {
    const data = new Uint8Array(new Float32Array([0, Number.NaN]).buffer);
    const source = await openBytes(buildSafetensors({ t: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } }, data));
    await expect(source.read('t')).rejects.toThrow('model.safetensors: tensor t: value 1 is NaN');
    await source.close();
  });

  it('should refuse to read weights from integers', async () => {
    const source = await openBytes(buildSafetensors({ t: { dtype: 'I64', shape: [1], data_offsets: [0, 8] } }, new Uint8Array(8)));
    await expect(source.read('t')).rejects.toThrow('tensor t: dtype I64 holds no weights; F32, F16, BF16 do');
    await source.close();
  });

  it('should refuse a file that is missing, empty or cut', async () => {
    await expect(openSafetensors(join(folder, 'none.safetensors'))).rejects.toMatchObject({ code: 'invalid_file' });
    await expect(openBytes(new Uint8Array(0))).rejects.toThrow('has 0 bytes, fewer than the 8');
    const whole = buildSafetensors(VALID, DATA);
    await expect(openBytes(whole.subarray(0, whole.length - 1))).rejects.toThrow('beyond the 11 bytes of data');
    await expect(openBytes(whole.subarray(0, 40))).rejects.toThrow(/header length \d+ is over the 32 bytes that follow it/);
  });

  it('should refuse a header length beyond its limit without reading it', async () => {
    const bytes = new Uint8Array(16).fill(255);
    await expect(openBytes(bytes)).rejects.toThrow(`header length 18446744073709551615 is over the limit of ${MAX_HEADER_BYTES}`);
  });
});

describe('parseSafetensorsHeader', () => {
  const one = (entry: object) => ({ t: { dtype: 'F32', shape: [2], data_offsets: [0, 8], ...entry } });

  it.each([
    { problem: 'no JSON', header: '{"a":', message: 'header is not JSON' },
    { problem: 'an array', header: [], message: 'header is not a JSON object' },
    { problem: 'null', header: null, message: 'header is not a JSON object' },
    { problem: 'an entry that is not an object', header: { t: 1 }, message: 'tensor "t" is not a JSON object' },
    { problem: 'a name too long', header: { ['x'.repeat(300)]: {} }, message: 'name of 300 characters is over the limit of 256' },
    { problem: 'an unknown dtype', header: one({ dtype: 'F12' }), message: 'tensor "t": dtype "F12" is not one of BOOL' },
    { problem: 'a dtype of the prototype', header: one({ dtype: 'constructor' }), message: 'dtype "constructor" is not one of' },
    { problem: 'no dtype', header: one({ dtype: undefined }), message: 'dtype undefined is not one of' },
    { problem: 'a shape that is not an array', header: one({ shape: 2 }), message: 'shape 2 is not an array' },
    { problem: 'too many dimensions', header: one({ shape: new Array(9).fill(1) }), message: '9 dimensions, over the limit of 8' },
    { problem: 'a negative dimension', header: one({ shape: [-2] }), message: 'shape holds -2' },
    { problem: 'half a dimension', header: one({ shape: [0.5] }), message: 'shape holds 0.5' },
    { problem: 'a huge dimension', header: one({ shape: [2 ** 40] }), message: 'dimension 1099511627776, over the limit of 1048576' },
    { problem: 'a huge product', header: one({ shape: [2 ** 20, 2 ** 20] }), message: 'over the limit of 2147483648' },
    { problem: 'an infinite product', header: one({ shape: new Array(8).fill(2 ** 20) }), message: 'over the limit of 2147483648' },
    { problem: 'no offsets', header: one({ data_offsets: undefined }), message: 'data_offsets undefined are not two counts' },
    { problem: 'three offsets', header: one({ data_offsets: [0, 8, 8] }), message: 'data_offsets [0,8,8] are not two counts' },
    { problem: 'a negative offset', header: one({ data_offsets: [-8, 0] }), message: 'data_offsets [-8,0] are not two counts' },
    { problem: 'offsets beyond the data', header: one({ data_offsets: [8, 16] }), message: 'data_offsets end at 16, beyond the 8 bytes' },
    { problem: 'reversed offsets', header: one({ data_offsets: [8, 0] }), message: 'span -8 bytes, its dtype and shape take 8' },
    { problem: 'offsets unlike the shape', header: one({ shape: [1] }), message: 'span 8 bytes, its dtype and shape take 4' },
    { problem: 'bytes of no tensor', header: {}, message: 'the bytes from 0 to 8 of the data belong to no tensor' },
    {
      problem: 'tensors that overlap',
      header: { ...one({}), u: { dtype: 'F32', shape: [1], data_offsets: [4, 8] } },
      message: 'tensor "u" begins at 4, before another one\'s end at 8',
    },
    {
      problem: 'a tensor out of line',
      header: { s: { dtype: 'U8', shape: [2], data_offsets: [0, 2] }, t: { dtype: 'F32', shape: [1], data_offsets: [2, 6] } },
      message: 'data_offsets begin at 2, which is not aligned to 4 bytes',
    },
    {
      problem: 'a hole',
      header: { s: { dtype: 'U8', shape: [2], data_offsets: [0, 2] }, t: { dtype: 'F32', shape: [1], data_offsets: [4, 8] } },
      message: 'the bytes from 2 to 4 of the data belong to no tensor',
    },
  ])('should refuse $problem', ({ header, message }) => {
    const bytes = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
    const error = catchError(() => parseSafetensorsHeader(bytes, 8, 'x.safetensors'));
    expect(error).toBeInstanceOf(GptEdgeError);
    expect(error).toMatchObject({ code: 'invalid_file', param: 'x.safetensors', message: expect.stringContaining(message) });
    expect((error as Error).message).toMatch(/^x\.safetensors: /);
  });

  it('should refuse too many tensors', () => {
    const entries = Array.from({ length: MAX_TENSORS + 1 }, (_, index) => `"${index}":0`);
    const header = new TextEncoder().encode(`{${entries.join()}}`);
    expect(() => parseSafetensorsHeader(header, 8, 'x')).toThrow(`lists ${MAX_TENSORS + 1} tensors, over the limit of ${MAX_TENSORS}`);
  });

  it('should refuse text that is not UTF-8', () => {
    expect(() => parseSafetensorsHeader(new Uint8Array([0x7b, 0xff, 0x7d]), 0, 'x')).toThrow('not JSON in UTF-8');
  });

  it('should accept a header without tensors, and tensors without bytes', () => {
    expect(parseSafetensorsHeader(new TextEncoder().encode('{}'), 0, 'x').size).toBe(0);
    const empty = { dtype: 'F32', shape: [0, 4], data_offsets: [8, 8] };
    expect(parseSafetensorsHeader(new TextEncoder().encode(JSON.stringify({ e: empty, ...one({}) })), 8, 'x').size).toBe(2);
  });

  it('should answer thousands of damaged headers quickly, with a GptEdgeError or with a valid list', () => {
    const valid = new TextEncoder().encode(JSON.stringify(VALID));
    const random = randomIntegers(7);
    const start = performance.now();
    for (let round = 0; round < 3000; round++) {
      const damaged = damage(valid, random);
      const error = catchError(() => {
        for (const { begin, bytes } of parseSafetensorsHeader(damaged, DATA.length, 'x').values())
          expect(begin + bytes).toBeLessThanOrEqual(DATA.length);
      });
      if (error !== undefined) expect(error, new TextDecoder().decode(damaged)).toBeInstanceOf(GptEdgeError);
    }
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

/** What mutations insert: JSON's own characters, and numbers at the edges. */
const TOKENS = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '-',
  '0',
  '9',
  'e99',
  '1e308',
  'null',
  'true',
  '[[[[',
  '"__proto__":{},',
  '4294967296',
  '9007199254740993',
  '\\u0000',
  '\u00ff',
];

/** Makes one to four insertions, overwrites, cuts or repetitions. */
function damage(valid: Uint8Array, random: (below: number) => number): Uint8Array {
  let text = new TextDecoder().decode(valid);
  for (let times = 1 + random(4); times > 0; times--) {
    const at = random(text.length + 1);
    const length = random(4) === 0 ? random(40) : random(3);
    const insertion = [TOKENS[random(TOKENS.length)], String(random(20)), '', text.slice(at, at + random(60))][random(4)];
    text = text.slice(0, at) + insertion + text.slice(at + length);
  }
  const bytes = new TextEncoder().encode(text);
  if (random(10) === 0 && bytes.length > 0) bytes[random(bytes.length)] = random(256);
  return bytes;
}

/** Numerical Recipes' linear congruential generator, which gives the same sequence for the same seed everywhere. */
function randomIntegers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function catchError(action: () => unknown): unknown {
  try {
    action();
    return undefined;
  } catch (error) {
    return error;
  }
}
