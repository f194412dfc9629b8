import { runnerContract } from '../runner/runner-contract.ts';
import { nativeHarness } from './native-harness.ts';
import { SpawningManager } from './spawning-manager.ts';

runnerContract(
  nativeHarness({
    title: 'native runner, on a manager of this process',
    async openManager(folder) {
      const manager = SpawningManager.create(folder);
      return { manager, close: () => manager.close() };
    },
  }),
);
