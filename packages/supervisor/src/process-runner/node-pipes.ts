import type { ChildProcess } from 'node:child_process';

import type { RunOutput } from '../output/types.ts';
import type { RunPipes } from './process-system.ts';

/** The pipes that Node itself makes, where there are none with names that a program could open. */
export class NodePipes implements RunPipes {
  readonly stdio = ['pipe', 'pipe'] as const;
  #drained: Promise<unknown> = Promise.resolve();

  attach(child: ChildProcess, output: RunOutput): void {
    const paused = new Set<NonNullable<ChildProcess['stdout']>>();
    this.#drained = Promise.all(
      (['stdout', 'stderr'] as const).map(async (name) => {
        const stream = child[name];
        if (!stream) return;
        stream.on('data', (chunk: Buffer) => {
          if (output.write(name, chunk)) return;
          stream.pause();
          paused.add(stream);
        });
        await new Promise<void>((resolve) => {
          stream.once('error', () => stream.destroy());
          stream.once('close', resolve);
        });
      }),
    );
    output.onDrain = () => {
      for (const stream of paused) stream.resume();
      paused.clear();
    };
  }

  discard(): void {
    // There are none before the process.
  }

  async drained(): Promise<void> {
    await this.#drained;
  }
}
