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

/** Octets of a stream that are kept for a redirect that wants them again. */
const KEPT = 10 * 1_024 * 1_024

/** A body, and the fields that describe it. */
export interface RequestData {
  /** Octets, if known. */
  readonly length: number | undefined
  readonly fields: { readonly [name: string]: string }
  /** The body for one attempt; undefined if it cannot be given again. */
  open(progress: Progress | undefined): RequestBody | undefined
}

/** Streams of Node, and what the form-data package makes. */
interface Pipe {
  pipe(to: PassThrough): unknown
  getHeaders?(): { readonly [name: string]: string }
  getLength?(callback: (error: Error | null, length: number) => void): void
  on(event: 'error', listener: (error: Error) => void): unknown
}

/** Takes the data of a request; undefined for none. Throws an error of axios for what cannot be sent. */
export async function requestData(
  { data, maxBodyLength = -1 }: Config,
  errors: Errors,
): Promise<RequestData | undefined> {
  if (data === undefined || data === null || data === false || data === '') return undefined
  const limit = maxBodyLength > -1 ? maxBodyLength : Number.POSITIVE_INFINITY
  const tooLarge = (): Error => errors.make('Request body larger than maxBodyLength limit', 'ERR_BAD_REQUEST')
  if (typeof FormData !== 'undefined' && data instanceof FormData) {
    const encoded = new Response(data)
    const type = encoded.headers.get('content-type') ?? 'multipart/form-data'
    return whole(new Uint8Array(await encoded.arrayBuffer()), { 'content-type': type }, limit, tooLarge)
  }
  const bytes = bytesOf(data)
  if (bytes !== undefined) return whole(bytes, {}, limit, tooLarge)
  if (data instanceof Blob) {
    if (data.size > limit) throw tooLarge()
    const fields = { 'content-type': data.type === '' ? 'application/octet-stream' : data.type }
    return {
      length: data.size,
      fields,
      open: (progress) => counted(data.stream(), limit, tooLarge, progress),
    }
  }
  if (isPipe(data)) return piped(data, limit, tooLarge)
  if (isIterable(data)) return streamed(data, {}, undefined, limit, tooLarge)
  const message = 'Data after transformation must be a string, an ArrayBuffer, a Buffer, or a Stream'
  throw errors.make(message, 'ERR_BAD_REQUEST')
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

function whole(
  bytes: Uint8Array,
  fields: RequestData['fields'],
  limit: number,
  tooLarge: () => Error,
): RequestData {
  if (bytes.length > limit) throw tooLarge()
  const open = (progress: Progress | undefined): RequestBody =>
    progress === undefined ? bytes : counted(slices(bytes), limit, tooLarge, progress)
  return { length: bytes.length, fields, open }
}

async function piped(data: Pipe, limit: number, tooLarge: () => Error): Promise<RequestData> {
  const fields = data.getHeaders?.() ?? {}
  const length = await lengthOf(data)
  if (length !== undefined && length > limit) throw tooLarge()
  if (isIterable(data)) return streamed(data, fields, length, limit, tooLarge)
  // An old stream, as form-data's: it can be piped and nothing else.
  const readable = new PassThrough()
  data.on('error', (error) => readable.destroy(error))
  data.pipe(readable)
  return streamed(readable, fields, length, limit, tooLarge)
}

/** What the form-data package knows of its length. */
function lengthOf(data: Pipe): Promise<number | undefined> {
  return new Promise((resolve) => {
    if (data.getLength === undefined) resolve(undefined)
    else
      data.getLength((error, length) =>
        resolve(error === null && Number.isFinite(length) ? length : undefined),
      )
  })
}

function streamed(
  source: AsyncIterable<Uint8Array | string>,
  fields: RequestData['fields'],
  length: number | undefined,
  limit: number,
  tooLarge: () => Error,
): RequestData {
  let kept: Uint8Array[] | undefined
  let size = 0
  let ended = false
  const keep = (piece: Uint8Array): void => {
    size += piece.length
    if (size > KEPT) kept = undefined
    else kept?.push(new Uint8Array(piece))
  }
  const open = (progress: Progress | undefined): RequestBody | undefined => {
    if (size === 0 && !ended) {
      kept = []
      return counted(source, limit, tooLarge, progress, keep, () => {
        ended = true
      })
    }
    return ended && kept !== undefined ? counted(kept, limit, tooLarge, progress) : undefined
  }
  return { length, fields, open }
}

/** Hands pieces on and counts them. */
async function* counted(
  source: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array> | ReadableStream<Uint8Array>,
  limit: number,
  tooLarge: () => Error,
  progress: Progress | undefined,
  keep?: (piece: Uint8Array) => void,
  ended?: () => void,
): AsyncGenerator<Uint8Array, void> {
  let sent = 0
  for await (const given of source as AsyncIterable<Uint8Array | string>) {
    const piece = typeof given === 'string' ? Buffer.from(given) : given
    sent += piece.length
    if (sent > limit) throw tooLarge()
    keep?.(piece)
    yield piece
    progress?.add(piece.length)
  }
  ended?.()
  progress?.end()
}

function* slices(bytes: Uint8Array): Generator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
}
