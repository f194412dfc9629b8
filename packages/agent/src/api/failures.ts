import { isAppError, messageOf, type Logger } from '@mainstay/core';
import { sendProblem } from '@mainstay/service';
import type { ServerResponse } from 'node:http';

/** HTTP status by our code (RFC 9110, 15; 507 is RFC 4918's). */
const statuses: Readonly<Record<string, number>> = {
  AGENT_REQUEST_INVALID: 400,
  HTTP_BODY_INVALID: 400,
  AGENT_ENDPOINT_UNKNOWN: 404,
  SUPERVISOR_UNKNOWN_SERVICE: 404,
  AGENT_METHOD_NOT_ALLOWED: 405,
  HTTP_BODY_TOO_LARGE: 413,
  AGENT_MANIFEST_INVALID: 422,
  AGENT_MANIFEST_REFUSED: 422,
  AGENT_BUSY: 503,
  AGENT_STATE_UNWRITABLE: 507,
};
/** A failure of ours that the state of a service is the reason for. */
const conflict = 409;

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  422: 'Unprocessable Content',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
  507: 'Insufficient Storage',
};

/** Answers with what went wrong as a problem document (RFC 9457), with the members `code`, `details` and `exitCode`. */
export function sendFailure(response: ServerResponse, error: unknown, log: Logger): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const known = isAppError(error);
  const status = known ? (statuses[error.code] ?? conflict) : 500;
  if (!known) log.error({ error, path: response.req.url }, 'A request to the API failed');
  sendProblem(response, {
    status,
    title: titles[status] ?? 'Error',
    detail: known
      ? error.message
      : `The agent failed at this request; its log says more: ${messageOf(error)}`,
    // What is left of a request that was refused half-way need not be read.
    headers: { connection: 'close' },
    extensions: known
      ? {
          code: error.code,
          details: error.details,
          ...(error.exitCode !== undefined && { exitCode: error.exitCode }),
        }
      : {},
  });
}
