import type { RuntimeSource } from './runtime/runtime-store.ts';
import type { Target } from './targets.ts';

/** What one build is made of; each step begins and ends once, those with a target once per target. */
export type BuildStep = 'type-check' | 'bundle' | 'runtimes' | 'executable' | 'sign' | 'image' | 'publish';

/** For a progress display. Sizes are in bytes, durations in milliseconds. */
export type BuildEvent =
  | { readonly type: 'step-started'; readonly step: BuildStep; readonly target?: Target }
  | {
      readonly type: 'step-finished';
      readonly step: BuildStep;
      readonly target?: Target;
      readonly milliseconds: number;
    }
  | {
      readonly type: 'download-progress';
      /** `name@version` of the npm package. */
      readonly package: string;
      readonly target: Target;
      readonly receivedBytes: number;
      /** Absent when the registry does not say. */
      readonly totalBytes?: number;
    }
  | {
      readonly type: 'runtime-ready';
      readonly package: string;
      readonly target: Target;
      readonly source: RuntimeSource;
    }
  | { readonly type: 'warning'; readonly message: string }
  | {
      readonly type: 'executable-finished';
      readonly target: Target;
      readonly file: string;
      readonly bytes: number;
    };

export type BuildProgress = (event: BuildEvent) => void;
