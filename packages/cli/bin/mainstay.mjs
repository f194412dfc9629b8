#!/usr/bin/env node
// `mainstay` under any Node from 20 on: the launcher of the repository goes on with the pinned one.
import { fileURLToPath } from 'node:url';

process.argv.splice(2, 0, fileURLToPath(new URL('../src/main.ts', import.meta.url)));
await import('../../../scripts/with-node.mjs');
