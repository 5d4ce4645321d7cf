#!/usr/bin/env node
// The sources are TypeScript, which Node runs by itself from 22.18 on. `npx gpt-edge` and the npm scripts bring that Node along.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major > 22 || (major === 22 && minor >= 18)) await import('../src/cli/main.ts');
else {
  console.error(
    `gpt-edge needs Node 22.18 or newer and runs on ${process.versions.node} here; npx gpt-edge in the project uses the right one.`,
  );
  process.exitCode = 1;
}
