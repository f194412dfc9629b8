import { readFileSync, writeSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Clock, Logger, ServiceHost } from '@mainstay/core';
import { createContainment } from '@mainstay/platform';

import type { RunOutput } from '../output/types.ts';
import { ProcessRunner } from '../process-runner/process-runner.ts';
import type { RunSpec } from '../runner/types.ts';
import { noteHostedEnd } from './host-exit.ts';
import { hostProgram } from './program-host.ts';
import { endsFileOf } from './unit.ts';

export interface RunProgramHostOptions {
  /** `<directory>/<unit>.json`, as the native runner wrote it. */
  readonly specFile: string;
  /** The SCM, to which this process was connected under the unit's name. */
  readonly host: ServiceHost;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The program of a unit, run by this process as its host; resolves with this process's exit code. */
export async function runProgramHost({ specFile, host, clock, log }: RunProgramHostOptions): Promise<number> {
  const spec = JSON.parse(readFileSync(specFile, 'utf8')) as RunSpec;
  const unit = basename(specFile, '.json');
  const directory = dirname(specFile);
  const containment = await createContainment({ name: unit, directory, log });
  const runner = new ProcessRunner({
    containment,
    ports: { attach() {} },
    sockets: { descriptorsFor: () => [] },
    clock,
    log,
  });
  // Under what the SCM has given this process; a unit's own variables come on top.
  const inherited = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  const env = { ...Object.fromEntries(inherited), ...spec.env };
  try {
    return await hostProgram({
      spec: { ...spec, env },
      host,
      runner,
      output: outputTo(host.logDescriptor),
      clock,
      log,
      onEnd: (end) => noteHostedEnd(endsFileOf(directory, unit), process.pid, end),
    });
  } finally {
    await runner.close();
    await containment.close();
  }
}

/** The service's log file, which `readNativeLogs` reads; nowhere when there is none. */
function outputTo(descriptor: number | undefined): RunOutput {
  return {
    onDrain: undefined,
    write(_stream, chunk) {
      if (descriptor !== undefined) writeSync(descriptor, chunk);
      return true;
    },
    async end() {},
  };
}
