export { createMainstay, runMainstay } from './command-line.ts';
export type { CliContext } from './context.ts';
