import { existsSync, openSync, renameSync, statSync } from 'node:fs';
import { directoriesFor } from './service-directories.ts';

/** A file that has grown beyond this is put aside at the next start; one older file is kept. */
const maxBytes = 64 * 1024 * 1024;

/**
 * Opens `NAME.log` in the service's log directory, as the standard output of a service goes nowhere. Undefined when the
 * directory is not there: then the service was not installed by us.
 */
export function openLogFile(serviceName: string): number | undefined {
  const directory = process.env['LOGS_DIRECTORY'] ?? directoriesFor(serviceName).logs;
  if (!existsSync(directory)) return undefined;
  const path = `${directory}\\${serviceName}.log`;
  if (existsSync(path) && statSync(path).size > maxBytes)
    renameSync(path, `${directory}\\${serviceName}.1.log`);
  return openSync(path, 'a');
}
