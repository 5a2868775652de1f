/**
 * The body of a request: what axios's transforms have left, as something that
 * can be sent, and sent again behind a redirect. Its one rule: no octet beyond
 * `maxBodyLength` leaves.
 */
import { PassThrough } from 'node:stream'
import type { RequestBody } from '../../index.ts'
import type { Config } from './config.ts'
import type { Errors } from './errors.ts'
import type { Progress } from './progress.ts'
import { type Limit, Source } from './source.ts'

/** Fields that describe a form: all that its maker may set if only those are asked for. */
const OF_FORMS = /^content-(?:type|length)$/i

/** A body, and the fields that describe it. */
export interface RequestData {
  /** Octets, if known. */
  readonly length: number | undefined
  /** They stand in place of what the configuration says. */
  readonly fields: { readonly [name: string]: string }
  /** The body for one attempt; undefined if it cannot be given again. */
  open(progress: Progress | undefined): RequestBody | undefined
  /** No other attempt follows. `failed`: nothing of it is wanted any more. */
  settle(failed: boolean): void
}

/** Streams of Node, and what the form-data package makes. */
interface Pipe {
  pipe(to: PassThrough): unknown
  getHeaders?(): { readonly [name: string]: string }
  getLength?(callback: (error: Error | null, length: number) => void): void
  on(event: 'error', listener: (error: Error) => void): unknown
}

/** Takes the data of a request; undefined for none. Throws an error of axios for what cannot be sent. */
export async function requestData(config: Config, errors: Errors): Promise<RequestData | undefined> {
  const { data, maxBodyLength = -1 } = config
  if (!data) return undefined
  const limit: Limit = {
    octets: maxBodyLength > -1 ? maxBodyLength : Number.POSITIVE_INFINITY,
    passed: () => errors.make('Request body larger than maxBodyLength limit', 'ERR_BAD_REQUEST'),
  }
  if (typeof FormData !== 'undefined' && data instanceof FormData) {
    const encoded = new Response(data)
    const type = encoded.headers.get('content-type') ?? 'multipart/form-data'
    return whole(new Uint8Array(await encoded.arrayBuffer()), { 'content-type': type }, limit)
  }
  const bytes = bytesOf(data)
  if (bytes !== undefined) return whole(bytes, {}, limit)
  if (data instanceof Blob) {
    if (data.size > limit.octets) throw limit.passed()
    const open = (progress: Progress | undefined): RequestBody => counted(data.stream(), progress)
    return { length: data.size, fields: typeOf(data), open, settle: ignore }
  }
  // Nobody follows a redirect, nobody asks again.
  const keep = config.maxRedirects !== 0
  if (isPipe(data)) return piped(data, formFields(data, config), limit, keep)
  if (isIterable(data)) return streamed(new Source(data, limit, keep), {}, undefined)
  const message = 'Data after transformation must be a string, an ArrayBuffer, a Buffer, or a Stream'
  throw errors.make(message, 'ERR_BAD_REQUEST')
}

/** What a Blob says of itself, if there is something in it. */
function typeOf({ type, size }: Blob): RequestData['fields'] {
  return size === 0 ? {} : { 'content-type': type === '' ? 'application/octet-stream' : type }
}

/** True for what has fields to tell; what others have put on every object tells nothing. */
function isForm(data: Pipe): data is Pipe & Required<Pick<Pipe, 'getHeaders'>> {
  const { getHeaders } = data
  return typeof getHeaders === 'function' && getHeaders !== (Object.prototype as Partial<Pipe>).getHeaders
}

/** What the form-data package says of a form. */
function formFields(data: Pipe, { formDataHeaderPolicy }: Config): RequestData['fields'] {
  const fields = Object.entries(isForm(data) ? data.getHeaders() : {})
  if (formDataHeaderPolicy !== 'content-only') return Object.fromEntries(fields)
  return Object.fromEntries(fields.filter(([name]) => OF_FORMS.test(name)))
}

function bytesOf(data: unknown): Uint8Array | undefined {
  if (typeof data === 'string') return Buffer.from(data)
  if (data instanceof Uint8Array) return data
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  if (data instanceof ArrayBuffer) return new Uint8Array(data)
  return data instanceof URLSearchParams ? Buffer.from(data.toString()) : undefined
}

function isPipe(data: unknown): data is Pipe {
  return typeof (data as Pipe).pipe === 'function' && typeof (data as Pipe).on === 'function'
}

function isIterable(data: unknown): data is AsyncIterable<Uint8Array | string> {
  return typeof data === 'object' && data !== null && Symbol.asyncIterator in data
}

function whole(bytes: Uint8Array, fields: RequestData['fields'], limit: Limit): RequestData {
  if (bytes.length > limit.octets) throw limit.passed()
  const open = (progress: Progress | undefined): RequestBody =>
    progress === undefined ? bytes : counted(slices(bytes), progress)
  return { length: bytes.length, fields, open, settle: ignore }
}

async function piped(
  data: Pipe,
  fields: RequestData['fields'],
  limit: Limit,
  keep: boolean,
): Promise<RequestData> {
  // It may fail before it is read, or when nobody reads it any more: that is told by the request, if by anybody.
  data.on('error', ignore)
  const length = await lengthOf(data)
  if (length !== undefined && length > limit.octets) throw limit.passed()
  if (isIterable(data)) return streamed(new Source(data, limit, keep), fields, length)
  // An old stream, as form-data's: it can be piped and nothing else.
  const readable = new PassThrough()
  data.on('error', (error) => readable.destroy(error))
  data.pipe(readable)
  return streamed(new Source(readable, limit, keep), fields, length)
}

/** What the form-data package knows of its length. */
function lengthOf(data: Pipe): Promise<number | undefined> {
  return new Promise((resolve) => {
    if (!isForm(data) || typeof data.getLength !== 'function') resolve(undefined)
    else
      data.getLength((error, length) =>
        resolve(error === null && Number.isFinite(length) ? length : undefined),
      )
  })
}

function streamed(source: Source, fields: RequestData['fields'], length: number | undefined): RequestData {
  const open = (progress: Progress | undefined): RequestBody | undefined => {
    const pieces = source.open()
    return pieces === undefined || progress === undefined ? pieces : counted(pieces, progress)
  }
  return { length, fields, open, settle: (failed) => source.settle(failed) }
}

/** Hands pieces on and counts them. */
async function* counted(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array> | ReadableStream<Uint8Array>,
  progress: Progress | undefined,
): AsyncGenerator<Uint8Array, void> {
  for await (const piece of source as AsyncIterable<Uint8Array>) {
    yield piece
    progress?.add(piece.length)
  }
  progress?.end()
}

function* slices(bytes: Uint8Array): Generator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
}

function ignore(): void {}
