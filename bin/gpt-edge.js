#!/usr/bin/env node
import { existsSync } from 'node:fs';

// A checkout's sources are TypeScript, which Node runs by itself from 22.18 on, but never inside node_modules: the package
// has them compiled. `npx gpt-edge` and the npm scripts bring that Node along.
const isCheckout = existsSync(new URL('../src/cli/main.ts', import.meta.url));
const [major, minor] = process.versions.node.split('.').map(Number);
if (major > 22 || (major === 22 && minor >= 18)) await import(isCheckout ? '../src/cli/main.ts' : '../dist/lib/cli/main.js');
else {
  console.error(
    `gpt-edge needs Node 22.18 or newer and runs on ${process.versions.node} here; npx gpt-edge in the project uses the right one.`,
  );
  process.exitCode = 1;
}
