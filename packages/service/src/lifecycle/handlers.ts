import type { AcceptedControls } from '@mainstay/core';
import { serviceErrors } from '../errors.ts';
import type { ServiceHandlers } from '../types.ts';

/** Custom control codes that a Windows service may define (MSDN: HandlerEx, dwControl 128–255). */
const minCustomCode = 128;
const maxCustomCode = 255;

/** What hosts may offer, from what the start of a service has returned. Throws SERVICE_INVALID_HANDLERS. */
export function acceptedControls(handlers: ServiceHandlers): AcceptedControls {
  if (typeof handlers !== 'object' || handlers === null) {
    const given = handlers === null ? 'null' : typeof handlers;
    throw invalid(`The start returned ${given}: return { stop() { … } }, with what ends the service`);
  }
  for (const name of ['stop', 'pause', 'resume', 'reload', 'reclaim'] as const) {
    const handler: unknown = handlers[name];
    if (handler === undefined && name !== 'stop') continue;
    if (handler === undefined) {
      const keys = Object.keys(handlers);
      const given = keys.length === 0 ? 'nothing' : `only ${keys.join(', ')}`;
      throw invalid(
        `What the start returned has no stop, ${given}: return { stop() { … } }, with what ends the service`,
      );
    }
    if (typeof handler !== 'function')
      throw invalid(`The handler ${name} is ${typeof handler}, not a function: return { ${name}() { … } }`);
  }
  if (handlers.pause && !handlers.resume)
    throw invalid('There is pause without resume: give both or neither');
  if (handlers.resume && !handlers.pause)
    throw invalid('There is resume without pause: give both or neither');
  return {
    pause: handlers.pause !== undefined,
    reload: handlers.reload !== undefined,
    custom: customCodes(handlers),
    sessionChange: handlers.control?.sessionChange !== undefined,
    powerEvent: handlers.control?.powerEvent !== undefined,
  };
}

function customCodes({ control }: ServiceHandlers): number[] {
  const codes: number[] = [];
  for (const [key, handler] of Object.entries(control ?? {})) {
    if (handler === undefined) continue;
    if (typeof handler !== 'function') throw invalid(`The control handler ${key} is not a function`);
    if (key === 'sessionChange' || key === 'powerEvent') continue;
    const code = Number(key);
    if (!Number.isInteger(code) || code < minCustomCode || code > maxCustomCode) {
      throw invalid(
        `There is no control "${key}": use a code from ${minCustomCode} to ${maxCustomCode}, sessionChange or powerEvent`,
      );
    }
    codes.push(code);
  }
  return codes;
}

const invalid = (message: string): Error => serviceErrors.error('SERVICE_INVALID_HANDLERS', message);
