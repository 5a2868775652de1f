/**
 * The answer to an extended CONNECT (RFC 8441 §4) with what WebSockets look for
 * that were written for HTTP/1.1 (RFC 6455 §4.2.2). HTTP/2 has no key and no
 * proof of having read it, so both are settled on this side.
 */
import { createHash } from 'node:crypto'
import type { Pairs } from './raw-headers.ts'

/** What a server joins to the key (RFC 6455 §1.3). */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** The response's fields and the proof that the caller's key was read, if the caller sent one and the server did not answer it. */
function withAccept(request: Pairs, response: Pairs): Pairs {
  const key = request.find(([name]) => name === 'sec-websocket-key')?.[1]
  if (key === undefined || response.some(([name]) => name === 'sec-websocket-accept')) return response
  const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64')
  return [...response, ['sec-websocket-accept', accept]]
}

/** What a tunnel's user is told. */
export function answerTo(
  protocol: string | undefined,
  request: Pairs,
  response: { readonly status: number; readonly rawHeaders: Pairs },
  like1: boolean,
): { status: number; pairs: Pairs } {
  const { status, rawHeaders } = response
  if (protocol === undefined || status >= 300) return { status, pairs: rawHeaders }
  const pairs = withAccept(request, rawHeaders)
  return like1 ? { status: 101, pairs: asHttp1Answer(protocol, pairs) } : { status, pairs }
}

/** The fields of a 101. */
function asHttp1Answer(protocol: string, response: Pairs): Pairs {
  return [['upgrade', protocol], ['connection', 'upgrade'], ...response]
}
