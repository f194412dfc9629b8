/** A service as another manager describes it, in the keys of `mainstay.yaml`. */
export interface ImportedService {
  readonly name: string;
  /** In the order in which they are written; undefined ones are left out. */
  readonly keys: Readonly<Record<string, YamlValue | undefined>>;
  /** What was not carried over, or not as it was; written above the service as comments. */
  readonly notes: readonly string[];
}

export type YamlValue =
  | string
  | number
  | boolean
  | readonly YamlValue[]
  | { readonly [key: string]: YamlValue | undefined };

export interface Imported {
  readonly services: readonly ImportedService[];
}
