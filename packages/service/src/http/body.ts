import type { IncomingMessage } from 'node:http';
import { httpErrors } from './errors.ts';

/**
 * Reads a whole body. Throws HTTP_BODY_TOO_LARGE as soon as it is known that it does not fit; the connection stays open
 * for the answer, which should say `Connection: close` so that the rest need not be read.
 *
 * @param limitBytes @default 1 MiB
 */
export async function readBody(request: IncomingMessage, limitBytes = 1024 * 1024): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw tooLarge(limitBytes);
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let length = 0;
  // Not `for await`: leaving its loop would destroy the connection, and with it the answer.
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length <= limitBytes) chunks.push(chunk);
    else reject(tooLarge(limitBytes));
  });
  request.once('end', () => resolve(Buffer.concat(chunks)));
  request.once('error', reject);
  return promise;
}

/** One for all: making a strict decoder takes longer than reading a small document with it. */
let strictUtf8: TextDecoder | undefined;

/** Reads a JSON document. Throws HTTP_BODY_TOO_LARGE, HTTP_BODY_INVALID. */
export async function readJson(request: IncomingMessage, limitBytes?: number): Promise<unknown> {
  const body = await readBody(request, limitBytes);
  try {
    return JSON.parse((strictUtf8 ??= new TextDecoder('utf-8', { fatal: true })).decode(body));
  } catch (error) {
    throw httpErrors.error('HTTP_BODY_INVALID', 'The body is not a JSON document in UTF-8', { cause: error });
  }
}

const tooLarge = (limitBytes: number): Error =>
  httpErrors.error('HTTP_BODY_TOO_LARGE', `The body has more than the ${limitBytes} bytes that are allowed`, {
    details: { limitBytes },
  });
