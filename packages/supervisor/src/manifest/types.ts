import type { RestartLimits } from '../restart/policy.ts';

/** What `mainstay.yaml` says. */
export interface Manifest {
  readonly services: readonly ManifestService[];
}

export interface ManifestService {
  readonly name: string;
  /** Entry file or folder of a Mainstay service, as it is written: relative to the manifest. */
  readonly service: string;
  readonly env: Readonly<Record<string, string>>;
  readonly restart: RestartLimits;
  /** Where it is declared; 1-based. */
  readonly line: number;
  readonly column: number;
}

export interface ManifestProblem {
  /** 1-based. */
  readonly line: number;
  /** 1-based, in UTF-16 code units. */
  readonly column: number;
  /** Starts with a capital, no full stop. */
  readonly message: string;
}

export type ManifestResult =
  | { readonly ok: true; readonly manifest: Manifest }
  | { readonly ok: false; readonly problems: readonly ManifestProblem[] };

/** What the parser is given by the SDK's config, which has the same placeholders. */
export interface ManifestLanguage {
  /** Replaces `${NAME:default}`. */
  expand(
    text: string,
  ): { readonly ok: true; readonly text: string } | { readonly ok: false; readonly message: string };
  /** `; did you mean X?`, or nothing. */
  didYouMean(word: string, candidates: readonly string[]): string;
}
