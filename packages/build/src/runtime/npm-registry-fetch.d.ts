/** What this package uses of npm-registry-fetch, which ships no types. */
declare module 'npm-registry-fetch' {
  import type { Readable } from 'node:stream';

  interface FetchOptions {
    readonly [setting: string]: unknown;
    readonly signal?: AbortSignal;
  }

  interface FetchResponse {
    readonly headers: { get(name: string): string | null };
    readonly body: Readable;
  }

  interface RegistryFetch {
    (url: string, options?: FetchOptions): Promise<FetchResponse>;
    json(url: string, options?: FetchOptions): Promise<unknown>;
    /** The registry that the options name for a package, or npm's default. */
    pickRegistry(spec: string, options?: FetchOptions): string;
  }

  const fetch: RegistryFetch;
  export default fetch;
}
