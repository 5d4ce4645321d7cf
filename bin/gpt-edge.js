#!/usr/bin/env node
import { existsSync } from 'node:fs';

// A checkout runs its TypeScript sources, which Node can do since 22.18, but not inside node_modules: there, the package
// has compiled modules. `npx gpt-edge` and the npm scripts use the right Node, which is one of the dependencies.
const isCheckout = existsSync(new URL('../src/cli/main.ts', import.meta.url));
const [major, minor] = process.versions.node.split('.').map(Number);
if (major > 22 || (major === 22 && minor >= 18)) await import(isCheckout ? '../src/cli/main.ts' : '../dist/lib/cli/main.js');
else {
  console.error(
    `gpt-edge needs Node 22.18 or newer, but this is Node ${process.versions.node}. In the project, npx gpt-edge uses the right one.`,
  );
  process.exitCode = 1;
}
