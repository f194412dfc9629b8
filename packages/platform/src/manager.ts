import type { ServiceManager, ServiceScope } from '@mainstay/core';
import { platformErrors } from './errors.ts';

export interface ManagerOptions {
  readonly scope: ServiceScope;
  /** @default process.platform */
  readonly platform?: NodeJS.Platform;
}

/** The service manager of this operating system; only that one's module is loaded. Throws MANAGER_UNAVAILABLE. */
export async function createManager({
  scope,
  platform = process.platform,
}: ManagerOptions): Promise<ServiceManager> {
  switch (platform) {
    case 'linux': {
      const { createSystemdManager } = await import('./systemd/manager.ts');
      return createSystemdManager({ scope });
    }
    case 'win32': {
      const { createScmManager } = await import('./windows/manager.ts');
      return createScmManager({ scope });
    }
    case 'darwin': {
      const { createLaunchdManager } = await import('./launchd/manager.ts');
      return createLaunchdManager({ scope });
    }
    default:
      throw platformErrors.error(
        'MANAGER_UNAVAILABLE',
        `There is no service manager for ${platform}; use \`run\` to run the service in the foreground`,
      );
  }
}
