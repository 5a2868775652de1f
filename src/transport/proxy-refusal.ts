/**
 * What a proxy answered in place of a tunnel, as the user may see it. Its one
 * rule: of a stranger's answer a bounded piece is kept, and no secret of it.
 */
import type { ProxyResponse } from '../errors.ts'
import type { ReplyHead } from './proxy-reply.ts'

/** Octets of content that are kept. */
export const MAX_CONTENT_SIZE = 4 * 1024

/** Fields whose values are secrets, of ours or of others. */
const SECRET = new Set([
  'authorization',
  'proxy-authorization',
  'authentication-info',
  'proxy-authentication-info',
  'cookie',
  'set-cookie',
  'set-cookie2',
])
const HIDDEN = '(hidden)'

/** Octets of content that follow the head, Infinity for as many as come. */
export function announcedSize({ fields }: ReplyHead): number {
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] === 'content-length' && /^\d{1,15}$/.test(fields[i + 1]!)) return Number(fields[i + 1])
  }
  return Number.POSITIVE_INFINITY
}

/** The response as a property of the error. `authorization` is what we sent: a proxy may quote it. */
export function proxyResponse(
  head: ReplyHead,
  content: Uint8Array,
  authorization: string | undefined,
): ProxyResponse {
  const { status, statusText, fields } = head
  const credentials = authorization?.slice('Basic '.length)
  const shown = (text: string): string => (credentials ? text.replaceAll(credentials, HIDDEN) : text)
  const kept: string[] = []
  for (let i = 0; i < fields.length; i += 2) {
    kept.push(fields[i]!, SECRET.has(fields[i]!) ? HIDDEN : shown(fields[i + 1]!))
  }
  const text = new TextDecoder().decode(content.subarray(0, MAX_CONTENT_SIZE))
  return { status, statusText: shown(statusText), fields: kept, content: shown(text) }
}
