/**
 * `data:` URLs (RFC 2397), which axios answers itself. Its one rule: they are
 * read, never sent, and what they hold comes in the form that `responseType`
 * asks for, as axios has it.
 */
import { Readable } from 'node:stream'
import type { Config, RequestFacts, Response } from './config.ts'
import type { Errors } from './errors.ts'
import { answered } from './fields.ts'
import { textOf } from './response-data.ts'

const DATA_URL = /^data:([^,]*?)(;base64)?,(.*)$/is

/** The response, not yet settled. Throws an error of axios for what is no `data:` URL, or too much. */
export function answerOf<C>(config: Config, given: C, request: RequestFacts, errors: Errors): Response<C> {
  const { method = 'get' } = config
  const answer = { data: undefined, headers: answered(config, {}), config: given, request }
  if (method.toUpperCase() !== 'GET') return { ...answer, status: 405, statusText: 'Method Not Allowed' }
  return { ...answer, data: contentOf(config, errors), status: 200, statusText: 'OK' }
}

function contentOf(
  { url = '', responseType, responseEncoding, maxContentLength = -1 }: Config,
  errors: Errors,
) {
  const match = DATA_URL.exec(url)
  if (match === null) throw errors.make('Invalid URL', 'ERR_INVALID_URL')
  const [, type = '', base64, content = ''] = match
  const bytes = octetsOf(content, base64 !== undefined)
  if (maxContentLength > -1 && bytes.length > maxContentLength) {
    throw errors.make(`maxContentLength size of ${maxContentLength} exceeded`, 'ERR_BAD_RESPONSE')
  }
  if (responseType === 'text') return textOf(bytes, responseEncoding)
  if (responseType === 'stream') return Readable.from(bytes)
  if (responseType !== 'blob') return bytes
  // RFC 2397 §2: a type may be left out where its parameters are not.
  return new Blob([bytes], { type: type.startsWith(';') ? `text/plain${type}` : type })
}

/** What is escaped is an octet, everything else UTF-8. */
function octetsOf(content: string, base64: boolean): Buffer<ArrayBuffer> {
  const text = Buffer.from(content).toString('latin1')
  const octets = text.replace(/%([\da-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(octets, base64 ? 'base64' : 'latin1')
}
