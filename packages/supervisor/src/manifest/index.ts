/** Reading `mainstay.yaml`: for the CLI; the agent takes manifests as JSON, and does not load this. */
export { parseManifest } from './parse.ts';
