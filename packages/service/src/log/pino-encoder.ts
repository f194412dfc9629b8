import { logLevels } from '@mainstay/core';
import { pino, symbols } from 'pino';
import type { Encoder, LogBase } from './encoder.ts';

type AsJson = (fields: object, message: string, level: number, time: string) => string;

/**
 * Lines made by pino. Only its encoding is used: its worker-thread transports want files on disk and cannot run in a
 * single executable, and one writer has to hold the lines from before and after pino was loaded in order.
 */
export function createPinoEncoder(base: LogBase): Encoder {
  const instance = pino(
    {
      level: 'trace',
      base,
      formatters: { level: (label) => ({ level: label }) },
      // Errors are plain objects by now; pino's serializer would take them for errors again.
      serializers: { err: (value: unknown) => value },
    },
    { write: () => undefined },
  );
  const asJson = (instance as unknown as Record<symbol, AsJson>)[symbols.asJsonSym];
  if (!asJson) throw new TypeError('This pino has no asJsonSym; the pinned version has');
  return ({ level, time, fields, message }) =>
    asJson.call(instance, fields, message, logLevels[level], `,"time":"${new Date(time).toISOString()}"`);
}
