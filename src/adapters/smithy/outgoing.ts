/**
 * A smithy client's request, as `Client.request` takes it (RFC 9113 §8.2.2,
 * §8.3.1). Its one rule: what was signed is sent octet by octet, and fields
 * that HTTP/2 has no place for were never signed.
 */
import { Readable } from 'node:stream'
import type { RequestBody } from '../../index.ts'
import { isOfConnection } from '../wire/connection-fields.ts'
import { originFrom } from '../wire/origin.ts'
import { sendablePath } from '../wire/request-path.ts'
import type { QueryBag, SmithyRequest } from './contract.ts'

const encoder = /* @__PURE__ */ new TextEncoder()

/** Where a request goes: an origin, and the path and query as they stand. Throws TypeError for what is no host. */
export function targetOf(request: SmithyRequest): { origin: string; path: string } {
  const { protocol, hostname, port, query, path: given = '/' } = request
  const origin = originFrom(protocol, hostname, port ?? undefined)
  if (origin === undefined) {
    const error = new TypeError(`hostname is not the name of a host: ${JSON.stringify(hostname)}`)
    throw Object.assign(error, { code: 'ENOTFOUND' })
  }
  const queryString = query === undefined || query === null ? '' : queryOf(query)
  const path = sendablePath(given.startsWith('/') ? given : `/${given}`)
  return { origin, path: queryString === '' ? path : `${path}?${queryString}` }
}

/** Names in order, all but unreserved characters escaped: as the signature was made. */
function queryOf(query: QueryBag): string {
  const parts: string[] = []
  for (const name of Object.keys(query).sort()) {
    const value = query[name]
    const key = escaped(name)
    if (typeof value === 'string') parts.push(`${key}=${escaped(value)}`)
    else if (value === null || value === undefined) parts.push(key)
    else for (const one of value) parts.push(`${key}=${escaped(one)}`)
  }
  return parts.join('&')
}

function escaped(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** The fields to send, names in lower case. */
export function fieldsOf({ headers = {}, username, password }: SmithyRequest): Record<string, string> {
  const fields: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase()
    if (value === undefined || value === null || isOfConnection(lower)) continue
    if (lower === ':authority') fields.host = String(value)
    else if (lower === 'te' && value !== 'trailers') continue
    else if (!lower.startsWith(':')) fields[lower] = String(value)
  }
  const named = (username ?? password) !== undefined && (username ?? password) !== null
  if (named && fields.authorization === undefined) {
    fields.authorization = `Basic ${Buffer.from(`${username ?? ''}:${password ?? ''}`).toString('base64')}`
  }
  return fields
}

/** The content to send. Text is bytes, so that no content-type is added to what was signed. */
export function contentOf(body: unknown): RequestBody | undefined {
  if (body === undefined || body === null || body === '') return undefined
  if (typeof body === 'string') return encoder.encode(body)
  if (body instanceof Blob) return body.stream()
  // Destroyed at once it would fail its pipeline, and hide why the request has ended.
  if (body instanceof Readable) {
    return { [Symbol.asyncIterator]: () => body.iterator({ destroyOnReturn: false }) }
  }
  return body as RequestBody
}

/** The source of the content is not needed any more. The client above has heard why by then. */
export function discardSoon(body: unknown): void {
  if (!(body instanceof Readable)) return
  setImmediate(() => {
    if (!body.readableEnded) body.destroy()
  })
}
