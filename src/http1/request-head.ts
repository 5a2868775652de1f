/**
 * The head of a request as HTTP/1.1 has it (RFC 9112 §3). Its one rule: where
 * the request ends is said once and cannot be read in two ways (RFC 9112 §6.3).
 */
import { NO_CONTENT_LENGTH } from '../protocol/fields-received.ts'
import { checkRequest, type RequestHead } from '../protocol/index.ts'

/** A head that can be sent. */
export interface FramedHead {
  /** All of it, each character an octet, the empty line included. */
  readonly text: string
  /** Octets that the content must have, or `NO_CONTENT_LENGTH`. */
  readonly length: number
  readonly chunked: boolean
}

/** What a proxy wants to be told that is asked in place of the origin. */
export interface Forwarded {
  /** Scheme and authority: where the request goes, whatever `host` says (RFC 9112 §3.2.2). */
  readonly origin: string
  /** Value of `proxy-authorization` (RFC 9110 §11.7.2), undefined without credentials. */
  readonly authorization: string | undefined
}

/** Methods of requests that need not say that they have no content (RFC 9110 §8.6). */
const WITHOUT_CONTENT: readonly string[] = ['GET', 'HEAD', 'OPTIONS', 'DELETE', 'TRACE']
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/**
 * The head of a request. `endStream`: it has no content. `trailers`: there may
 * be some behind it. Throws TypeError for a head that breaks a rule, and for
 * CONNECT.
 */
export function framedHead(
  head: RequestHead,
  endStream: boolean,
  trailers: boolean,
  forwarded?: Forwarded,
): FramedHead {
  const length = checkRequest(head, endStream)
  const { method, path, fields } = head
  // RFC 9110 §9.3.6: what follows would not be HTTP, and there is no stream for it.
  if (method === 'CONNECT' || path === undefined)
    throw new TypeError('CONNECT needs HTTP/2; this is HTTP/1.1')
  const chunked = !endStream && (length === NO_CONTENT_LENGTH || trailers)
  // RFC 9112 §3.2: host first; then, as servers and their logs are used to, what is of the connection.
  let text = `${method} ${target(path, forwarded)} HTTP/1.1\r\n${written(head, 'host')}: ${head.authority}\r\n`
  // RFC 9110 §10.1.4: te is of this connection.
  text += `connection: keep-alive${has(fields, 'te') ? ', te' : ''}\r\n`
  text += fieldLines(head, chunked)
  if (chunked) text += 'transfer-encoding: chunked\r\n'
  else if (length === NO_CONTENT_LENGTH && !WITHOUT_CONTENT.includes(method)) text += 'content-length: 0\r\n'
  const authorization = has(fields, 'proxy-authorization') ? undefined : forwarded?.authorization
  if (authorization !== undefined) text += `proxy-authorization: ${authorization}\r\n`
  return { text: `${text}\r\n`, length, chunked }
}

/** In absolute form to a proxy (RFC 9112 §3.2.2), where `*` has no path (RFC 9112 §3.2.4). */
function target(path: string, forwarded: Forwarded | undefined): string {
  if (forwarded === undefined) return path
  return path === '*' ? forwarded.origin : forwarded.origin + path
}

/** Whether there is a field of this name. */
function has(fields: readonly string[], name: string): boolean {
  for (let i = 0; i < fields.length; i += 2) if (fields[i] === name) return true
  return false
}

/** The caller's fields. */
function fieldLines(head: RequestHead, chunked: boolean): string {
  const { fields } = head
  let text = ''
  let hasCookie = false
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!
    if (name === 'host') continue
    // RFC 9112 §6.2: never beside transfer-encoding. RFC 9110 §6.6.2: trailers need the chunked coding.
    if (name === (chunked ? 'content-length' : 'trailer')) continue
    if (name !== 'cookie') text += `${written(head, name)}: ${fields[i + 1]}\r\n`
    else if (!hasCookie) {
      hasCookie = true
      text += `${written(head, name)}: ${joinedCookies(fields)}\r\n`
    }
  }
  return text
}

/** RFC 9113 §8.2.3: many in HTTP/2, one in HTTP/1.1. */
function joinedCookies(fields: readonly string[]): string {
  const cookies: string[] = []
  for (let i = 0; i < fields.length; i += 2) if (fields[i] === 'cookie') cookies.push(fields[i + 1]!)
  return cookies.join('; ')
}

/** The name as the caller wrote it, if nothing but the case is other. */
function written({ writtenNames }: RequestHead, name: string): string {
  const given = writtenNames?.get(name)
  return given !== undefined && TOKEN.test(given) && given.toLowerCase() === name ? given : name
}
