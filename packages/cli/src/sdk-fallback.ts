import { registerHooks } from 'node:module';

/** Gives a service that has not installed the SDK the one that `mainstay` comes with, as `build` does. */
export function provideSdk(): void {
  registerHooks({
    resolve(specifier, context, next) {
      if (!specifier.startsWith('@mainstay/')) return next(specifier, context);
      try {
        return next(specifier, context);
      } catch {
        return next(specifier, { ...context, parentURL: import.meta.url });
      }
    },
  });
}
