import { spawn } from 'node:child_process';
import { rename } from 'node:fs/promises';
import { messageOf } from '@mainstay/core';
import { buildErrors } from '../errors.ts';

/** Stands for the path of the executable in the signing command. */
export const filePlaceholder = '{file}';
/** Stands for another path, for tools that do not sign in place; the file there becomes the executable. */
export const outputPlaceholder = '{output}';

/**
 * Runs the operator's signing command on a finished executable, in place. Words are separated by spaces and may be
 * quoted; no shell reads them. The command signs `{file}` in place, or writes `{output}`. What it prints is shown when
 * it fails.
 *
 * @throws AppError BUILD_SIGNING_FAILED
 */
export async function signExecutable(command: string, file: string, signal: AbortSignal): Promise<void> {
  const words = splitCommand(command);
  if (!words.some((word) => word.includes(filePlaceholder))) {
    throw buildErrors.error(
      'BUILD_SIGNING_FAILED',
      `The signing command has no ${filePlaceholder} that stands for the executable: ${command}`,
    );
  }
  const output = `${file}.signed`;
  const hasOutput = words.some((word) => word.includes(outputPlaceholder));
  const [program = '', ...args] = words.map((word) =>
    word.replaceAll(filePlaceholder, file).replaceAll(outputPlaceholder, output),
  );
  const child = spawn(program, args, { signal, stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => (printed += chunk));
  }
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on('close', resolve);
    child.on('error', (cause) => {
      if (signal.aborted) reject(signal.reason as Error);
      else
        reject(
          buildErrors.error(
            'BUILD_SIGNING_FAILED',
            `Cannot start the signing command "${program}": ${messageOf(cause)}`,
            { cause },
          ),
        );
    });
  });
  if (exitCode === 0) {
    if (!hasOutput) return;
    await rename(output, file).catch((cause: unknown) => {
      throw buildErrors.error(
        'BUILD_SIGNING_FAILED',
        `The signing command "${program}" succeeded and left no file at ${outputPlaceholder}`,
        { cause },
      );
    });
    return;
  }
  throw buildErrors.error(
    'BUILD_SIGNING_FAILED',
    `The signing command "${program}" ended with exit code ${exitCode}: ${printed.trim()}`,
    { details: { exitCode } },
  );
}

/** Splits at spaces outside single or double quotes. Backslashes are plain: they are in Windows paths. */
export function splitCommand(command: string): string[] {
  const words = command.match(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g) ?? [];
  return words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'));
}
