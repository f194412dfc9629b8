/** Looking whether this machine can do what a manifest says; apart from its parser, which the agent does not load. */
export { checkManifest, type HostFacts } from './check-manifest.ts';
export { hostFacts, type HostFactsOptions } from './host-facts.ts';
