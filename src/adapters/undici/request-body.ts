/**
 * Request content in every form that undici takes, as what a `Client` sends.
 * Its one rule: what is small and known to be small is bytes before it is sent,
 * so that a request whose body is a generator (that is how `fetch` gives even a
 * string) can be sent again where that is safe.
 */
import type { RequestBody } from '../../index.ts'
import { announcedLength } from '../wire/content-length.ts'
import { DispatchError, invalidArgument } from './errors.ts'
import type { Fields, Prepared } from './request-options.ts'

/** Bodies that say they are no longer than this are collected. */
const SMALL = 65_536

/** A stream of Node.js, as far as it is used here. */
export interface NodeStream extends AsyncIterable<Uint8Array> {
  readonly destroyed?: boolean
  on(event: 'error' | 'end', listener: (error: unknown) => void): unknown
  readonly _readableState?: { readonly autoDestroy?: boolean } | undefined
  destroy?(error?: Error): unknown
}

/** Content that is ready, or that has to be collected first. Throws for what cannot be sent. */
export function bodyOf(
  given: unknown,
  { method, fields }: Pick<Prepared, 'method' | 'fields'>,
  signal: AbortSignal,
): RequestBody | Promise<RequestBody> | undefined {
  const announced = lengthIn(fields)
  if (given === undefined || given === null) return noBody(method, fields)
  const bytes = bytesOf(given)
  if (bytes !== undefined) {
    if (bytes.length === 0) return noBody(method, fields)
    if (announced !== undefined && announced !== bytes.length) throw mismatch(bytes.length, announced)
    return bytes
  }
  if (typeof given !== 'object') throw unsendable()
  if (isFormData(given)) return given instanceof FormData ? given : platformForm(given)
  if (given instanceof URLSearchParams) return formOf(given, fields)
  if (given instanceof Blob) return given.size === 0 ? noBody(method, fields) : given
  if (isBlob(given)) return given.stream() as RequestBody
  // What is announced as empty is read to see that it is.
  if (isNodeStream(given)) return announced === 0 ? collected(given, announced, signal) : given
  if (Symbol.asyncIterator in given) {
    const source = given as AsyncIterable<unknown>
    return announced !== undefined && announced <= SMALL
      ? collected(source, announced, signal)
      : (source as RequestBody)
  }
  if (Symbol.iterator in given || 'getReader' in given) return given as RequestBody
  throw unsendable()
}

export function isNodeStream(body: unknown): body is NodeStream {
  if (typeof body !== 'object' || body === null) return false
  return typeof (body as { pipe?: unknown }).pipe === 'function' && 'on' in body
}

/** Octets announced; undefined if none are. Throws for what is no number, or says two things. */
export function lengthIn(fields: Fields): number | undefined {
  const found = fields.filter(([name]) => name === 'content-length')
  if (found.length === 0) return undefined
  if (found.length > 1) throw invalidArgument('duplicate content-length header')
  const length = announcedLength(found[0]![1])
  if (length === undefined) throw invalidArgument('invalid content-length header')
  return length
}

/** Methods whose requests say so if they have no content (RFC 9110 §8.6), as undici has them. */
const MEANT_TO_HAVE_CONTENT: readonly string[] = ['POST', 'PUT', 'PATCH', 'QUERY', 'PROPFIND', 'PROPPATCH']

/** A redirect takes the body off a request and leaves what was said of its length. */
function noBody(method: string, fields: Fields): undefined {
  const at = fields.findIndex(([name]) => name === 'content-length')
  if (at !== -1) fields.splice(at, 1)
  if (MEANT_TO_HAVE_CONTENT.includes(method)) fields.push(['content-length', '0'])
  return undefined
}

function formOf(given: URLSearchParams, fields: Fields): Uint8Array {
  if (!fields.some(([name]) => name === 'content-type')) {
    fields.push(['content-type', 'application/x-www-form-urlencoded;charset=UTF-8'])
  }
  return Buffer.from(given.toString())
}

/** A stream that fails while nobody reads it yet must not fail the process. */
export function hearStream(body: NodeStream, fail: (error: unknown) => void): void {
  body.on('error', fail)
  if (body._readableState?.autoDestroy !== true) body.on('end', () => stopStream(body, undefined))
}

/** A stream that nobody reads would stay open. */
export function stopStream(body: unknown, error: unknown): void {
  if (!isNodeStream(body) || body.destroyed === true) return
  try {
    body.destroy?.(error instanceof Error ? error : undefined)
  } catch {
    // Why the request has ended was told already.
  }
}

function bytesOf(given: unknown): Uint8Array | undefined {
  // As bytes, for text would be given a content-type.
  if (typeof given === 'string') return Buffer.from(given)
  if (given instanceof Uint8Array) return given
  if (ArrayBuffer.isView(given)) return new Uint8Array(given.buffer, given.byteOffset, given.byteLength)
  if (given instanceof ArrayBuffer) return new Uint8Array(given)
  return undefined
}

async function collected(
  source: AsyncIterable<unknown>,
  announced: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const whole = new Uint8Array(announced)
  const iterator = source[Symbol.asyncIterator]()
  const stop = (): void => void close(iterator)
  signal.addEventListener('abort', stop)
  let length = 0
  try {
    for (;;) {
      const piece = await iterator.next()
      if (piece.done === true) break
      const bytes = bytesOf(piece.value)
      if (bytes === undefined) throw invalidArgument('body must give bytes or strings')
      if (length + bytes.length > announced) throw mismatch(length + bytes.length, announced)
      whole.set(bytes, length)
      length += bytes.length
    }
  } catch (error) {
    stop()
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
  }
  if (length !== announced) throw mismatch(length, announced)
  return whole
}

/** Lets a source go that will not be asked again; what it throws then concerns nobody. */
async function close(iterator: AsyncIterator<unknown> | null): Promise<void> {
  try {
    await iterator?.return?.()
  } catch {}
}

interface BlobLike {
  stream(): unknown
}

function tagOf(value: object): unknown {
  return (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag]
}

function isBlob(body: object): body is BlobLike {
  return ['Blob', 'File'].includes(String(tagOf(body))) && typeof (body as BlobLike).stream === 'function'
}

function isFormData(body: object): body is FormData {
  return tagOf(body) === 'FormData' && typeof (body as FormData).entries === 'function'
}

/** The same form as the platform's: undici's package has a class of its own. */
function platformForm(given: FormData): FormData {
  const form = new FormData()
  for (const [name, value] of given) {
    if (typeof value === 'string') form.append(name, value)
    else form.append(name, value, value.name)
  }
  return form
}

function mismatch(actual: number, announced: number): DispatchError {
  const code = 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH'
  return new DispatchError(code, `body has ${actual} octets, content-length says ${announced}`)
}

function unsendable(): DispatchError {
  return invalidArgument(
    'body must be a string, a Buffer, a Readable stream, an iterable, or an async iterable',
  )
}
