import type { ServerResponse } from 'node:http';

export interface Problem {
  readonly status: number;
  /** Short, the same for each occurrence. */
  readonly title: string;
  /** What was wrong this time. */
  readonly detail?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Further members of the document: `errors`. */
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** Answers with application/problem+json (RFC 9457). */
export function sendProblem(response: ServerResponse, problem: Problem): void {
  const { status, title, detail, headers, extensions } = problem;
  const document = {
    type: 'about:blank',
    title,
    status,
    ...(detail !== undefined && { detail }),
    ...extensions,
  };
  send(response, status, 'application/problem+json', document, headers);
}

/** Answers with a JSON document. */
export function sendJson(
  response: ServerResponse,
  status: number,
  document: unknown,
  headers?: Readonly<Record<string, string>>,
): void {
  send(response, status, 'application/json', document, headers);
}

function send(
  response: ServerResponse,
  status: number,
  contentType: string,
  document: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  // Text, not bytes: Node sends it in one piece with the head then.
  const body = `${JSON.stringify(document)}\n`;
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    ...headers,
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
