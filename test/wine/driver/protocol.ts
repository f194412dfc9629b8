import type { ServiceInfo } from '@mainstay/core';

/** One JSON line each way, over a loopback connection: the outputs of a Windows program under Wine cannot be pipes. */
export interface DriverRequest {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}

export type DriverResponse =
  | { readonly id: number; readonly progress: ServiceInfo }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: DriverError };

export interface DriverError {
  readonly code: string | undefined;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** What `control` found: the Windows error code (0 for none), and how long the SCM took to answer. */
export interface ControlResult {
  readonly error: number;
  readonly milliseconds: number;
}
