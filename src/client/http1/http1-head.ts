/**
 * Heads as HTTP/1.1 has them: what a request sends, and what is wrong with a
 * response that `node:http` let through. Its one rule: where a message ends is
 * said once and cannot be read in two ways (RFC 9112 §6.3).
 */
import { INVALID } from '../../protocol/field-rules.ts'
import { NO_CONTENT_LENGTH, nameKind } from '../../protocol/fields-received.ts'
import { checkRequest, type RequestHead } from '../../protocol/index.ts'
import type { Forwarding, Http1RequestHead, Http1ResponseHead } from '../../transport/transport.ts'

/** A head that can be sent. */
export interface FramedHead {
  readonly wire: Http1RequestHead
  /** Octets of content announced; undefined with the chunked coding. */
  readonly length: number | undefined
}

/** Methods of requests that need not say that they have no content (RFC 9110 §8.6). */
const WITHOUT_CONTENT: readonly string[] = ['GET', 'HEAD', 'OPTIONS', 'DELETE', 'TRACE']
const BAD_VALUE = /[\0\r\n]/

/**
 * The head of a request in wire order. `endStream`: it has no content.
 * `trailers`: there may be some behind it. Throws TypeError for a head that
 * breaks a rule, and for CONNECT.
 */
export function framedHead(
  head: RequestHead,
  endStream: boolean,
  trailers: boolean,
  maxHeadSize: number,
): FramedHead {
  const length = checkRequest(head, endStream)
  const { method, path } = head
  // RFC 9110 §9.3.6: what follows would not be HTTP, and there is no stream for it.
  if (method === 'CONNECT' || path === undefined)
    throw new TypeError('CONNECT needs HTTP/2; this is HTTP/1.1')
  const announced = length === NO_CONTENT_LENGTH ? undefined : length
  const chunked = !endStream && (announced === undefined || trailers)
  // RFC 9112 §3.2: host first.
  const fields = ['host', head.authority]
  addFields(fields, head.fields, chunked)
  if (chunked) fields.push('transfer-encoding', 'chunked')
  else if (announced === undefined && !WITHOUT_CONTENT.includes(method)) fields.push('content-length', '0')
  return {
    wire: { method, target: path, fields, maxHeadSize },
    length: chunked ? undefined : (announced ?? 0),
  }
}

/**
 * The head as a proxy takes it. Where it goes is said by the origin that was asked for, whatever `host` says
 * (RFC 9112 §3.2.2); `*` has no path in absolute form (RFC 9112 §3.2.4).
 */
export function forwarded(
  head: Http1RequestHead,
  origin: string,
  { authorization }: Forwarding,
): Http1RequestHead {
  const target = head.target === '*' ? origin : origin + head.target
  const own = head.fields.some((name, index) => index % 2 === 0 && name === 'proxy-authorization')
  if (authorization === undefined || own) return { ...head, target }
  return { ...head, target, fields: [...head.fields, 'proxy-authorization', authorization] }
}

/** The caller's fields, and `connection`. */
function addFields(to: string[], fields: readonly string[], chunked: boolean): void {
  let cookieAt = -1
  let options = 'keep-alive'
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!
    const value = fields[i + 1]!
    if (name === 'host') continue
    // RFC 9112 §6.2: never beside transfer-encoding. RFC 9110 §6.6.2: trailers need the chunked coding.
    if (name === (chunked ? 'content-length' : 'trailer')) continue
    // RFC 9110 §10.1.4: te is of this connection.
    if (name === 'te') options = 'keep-alive, te'
    if (name === 'cookie' && cookieAt !== -1) {
      // RFC 9113 §8.2.3: many in HTTP/2, one in HTTP/1.1.
      to[cookieAt] += `; ${value}`
      continue
    }
    to.push(name, value)
    if (name === 'cookie') cookieAt = to.length - 1
  }
  to.push('connection', options)
}

/** The rule that the head of a final response breaks. */
export function responseFault(head: Http1ResponseHead): string | undefined {
  const { version, status, fields } = head
  if (version !== '1.1' && version !== '1.0') return 'a version that is not 1.1 or 1.0 (RFC 9112 §2.3)'
  // A 101 that `node:http` did not take for a switch of protocols ends here as well.
  if (status < 200 || status > 999) return `status ${status} of a final response (RFC 9110 §15)`
  const codings = valuesOf(fields, 'transfer-encoding')?.toLowerCase()
  if (codings === undefined) return undefined
  if (version === '1.0') return 'transfer-encoding in HTTP/1.0 (RFC 9112 §6.1)'
  if (codings !== 'chunked' && codings !== 'identity')
    return 'a transfer coding that was not asked for (RFC 9112 §6.1)'
  return undefined
}

/** The rule that received fields break. Parsers of older runtimes let through what hides a length. */
export function fieldsFault(fields: readonly string[]): string | undefined {
  for (let i = 0; i < fields.length; i += 2) {
    if (nameKind(fields[i]!) === INVALID) return 'a field name with a forbidden character (RFC 9112 §5.1)'
    if (BAD_VALUE.test(fields[i + 1]!)) return 'a field value with NUL, CR or LF (RFC 9110 §5.5)'
  }
  return undefined
}

/** True for a 204 that announces content: it has none, but who wrote it may have sent some (RFC 9112 §6.3). */
export function isFalsely204({ status, fields }: Http1ResponseHead): boolean {
  if (status !== 204) return false
  return (
    (valuesOf(fields, 'content-length') ?? '0') !== '0' || valuesOf(fields, 'transfer-encoding') !== undefined
  )
}

/** False if it is certain that no content follows the head (RFC 9110 §6.4.1). */
export function hasContent(method: string, { status, fields }: Http1ResponseHead): boolean {
  return method !== 'HEAD' && status !== 204 && status !== 304 && valuesOf(fields, 'content-length') !== '0'
}

/** Milliseconds that the peer keeps an idle connection (its hint in `keep-alive`), Infinity if it did not say. */
export function idleLimit(fields: readonly string[]): number {
  const match = /(?:^|[\s,;])timeout="?(\d{1,9})/i.exec(valuesOf(fields, 'keep-alive') ?? '')
  return match === null ? Number.POSITIVE_INFINITY : Number(match[1]) * 1000
}

/** All values of a field, joined. */
function valuesOf(fields: readonly string[], name: string): string | undefined {
  let joined: string | undefined
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] === name) joined = joined === undefined ? fields[i + 1] : `${joined}, ${fields[i + 1]}`
  }
  return joined
}
