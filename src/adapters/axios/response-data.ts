/**
 * The body of a response in the form that `responseType` asks for. Its one
 * rule: no octet beyond `maxContentLength` is kept or given.
 */
import { Readable } from 'node:stream'
import zlib from 'node:zlib'
import { H2Error, type HTTP20Response } from '../../index.ts'
import { ContentReader, READ_SIZE } from '../https/content-reader.ts'
import { hangUp, type NodeError, toNodeError } from '../https/node-error.ts'
import { announcedLength } from '../wire/content-length.ts'
import { type Counter, isCompress, uncompressed } from './compress.ts'
import type { Config } from './config.ts'
import type { Errors } from './errors.ts'
import { Progress } from './progress.ts'

/** Counts what is read of a body. */
class Count implements Counter {
  readonly #limit: number
  readonly #errors: Errors
  readonly #progress: Progress | undefined
  #length: number

  constructor(
    response: HTTP20Response,
    { maxContentLength = -1, onDownloadProgress }: Config,
    errors: Errors,
  ) {
    this.#limit = maxContentLength > -1 ? maxContentLength : Number.POSITIVE_INFINITY
    this.#errors = errors
    this.#progress = onDownloadProgress && new Progress(onDownloadProgress, lengthOf(response), 'download')
    this.#length = 0
  }

  /** Throws an error of axios for what is too much. */
  add(length: number): void {
    this.#length += length
    if (this.#length > this.#limit) {
      throw this.#errors.make(`maxContentLength size of ${this.#limit} exceeded`, 'ERR_BAD_RESPONSE')
    }
    this.#progress?.add(length)
  }

  end(): void {
    this.#progress?.end()
  }
}

/** Codings that are undone. */
const CODINGS: readonly string[] = [
  ...['gzip', 'x-gzip', 'deflate', 'br'],
  ...('createZstdDecompress' in zlib ? ['zstd'] : []),
]

/** True if a body of this `content-encoding` comes as it was before: one coding that is not known leaves all of them. */
export function isUndone(codings: string): boolean {
  const names = codings.split(',').map((name) => name.trim().toLowerCase())
  const applied = names.filter((name) => name !== '' && name !== 'identity')
  return applied.length > 0 && applied.every((name) => CODINGS.includes(name))
}

/** Why a body broke off, as a reader of axios's streams knows it. */
export function brokenBy(error: unknown): NodeError {
  if (H2Error.is(error) && error.code === 'H2_DECODE') return corrupt(error)
  const shown: NodeError = toNodeError(error)
  return shown.code === 'ECONNRESET' ? hangUp('aborted', error) : shown
}

/** The decoder's own error is the innermost cause; one that misses content has no code. */
function corrupt(error: H2Error): NodeError {
  let inner: NodeError = error
  while (inner.cause instanceof Error) inner = inner.cause
  const made: NodeError = new Error(inner === error ? error.message : inner.message, { cause: error })
  made.code = inner === error ? 'Z_DATA_ERROR' : (inner.code ?? 'Z_BUF_ERROR')
  return made
}

/** Octets to come, if the server says and nothing is decoded. */
function lengthOf(response: HTTP20Response): number | undefined {
  const text = response.getHeader('content-length')
  const coded = response.getHeader('content-encoding') !== undefined
  return text === undefined || coded ? undefined : announcedLength(text)
}

/** The body as a stream of Node: read when it is, given up when it is destroyed. */
class BodyStream extends Readable {
  readonly #response: HTTP20Response
  readonly #reader: ContentReader
  readonly #count: Counter
  readonly #errors: Errors
  /** Called once, when it has ended or was given up. */
  readonly #over: () => void

  constructor(response: HTTP20Response, count: Counter, errors: Errors, over: () => void) {
    super({ highWaterMark: READ_SIZE })
    this.#errors = errors
    this.#response = response
    this.#count = count
    this.#over = over
    this.#reader = new ContentReader(response, this.#gave, this.#broke)
  }

  override _read(): void {
    this.#reader.read()
  }

  readonly #gave = (bytes: Buffer): void => {
    if (this.destroyed) return
    try {
      if (bytes.length > 0) this.#count.add(bytes.length)
      else this.#count.end()
    } catch (error) {
      this.destroy(error as Error)
      return
    }
    this.push(bytes.length === 0 ? null : bytes)
  }

  readonly #broke = (error: unknown): void => {
    const broken = brokenBy(error)
    const dropped = broken.code === 'ERR_STREAM_PREMATURE_CLOSE'
    this.destroy(dropped ? this.#errors.cancelled('Request stream has been aborted', true) : broken)
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    if (!this.readableEnded) this.#response.cancel()
    this.#over()
    callback(error)
  }
}

/** The body as a stream. `over` is called once, when it has ended or was given up. */
export function streamOf(
  response: HTTP20Response,
  config: Config,
  errors: Errors,
  over: () => void,
): Readable {
  const count = new Count(response, config, errors)
  if (!isCompressed(response, config)) return new BodyStream(response, count, errors, over)
  return uncompressed(new BodyStream(response, UNCOUNTED, errors, over), count)
}

const UNCOUNTED: Counter = { add() {}, end() {} }

function isCompressed(response: HTTP20Response, { decompress }: Config): boolean {
  return decompress !== false && isCompress(response.getHeader('content-encoding') ?? '')
}

/** The whole body. */
export async function dataOf(response: HTTP20Response, config: Config, errors: Errors): Promise<unknown> {
  const { responseType, responseEncoding } = config
  const bytes = await wholeOf(response, config, errors)
  if (responseType === 'arraybuffer') return bytes
  if (responseType === 'blob') {
    return new Blob([bytes as Uint8Array<ArrayBuffer>], { type: response.getHeader('content-type') ?? '' })
  }
  return textOf(bytes, responseEncoding)
}

/** Octets as text, without a byte order mark. */
export function textOf(bytes: Buffer, responseEncoding: Config['responseEncoding']): string {
  const text = bytes.toString(responseEncoding)
  const utf8 = responseEncoding === undefined || responseEncoding === null || responseEncoding === 'utf8'
  return utf8 && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
}

async function wholeOf(response: HTTP20Response, config: Config, errors: Errors): Promise<Buffer> {
  const { maxContentLength = -1, onDownloadProgress } = config
  const compressed = isCompressed(response, config)
  if (maxContentLength < 0 && onDownloadProgress === undefined && !compressed) {
    const { buffer, byteOffset, byteLength } = await response.bytes()
    return Buffer.from(buffer, byteOffset, byteLength)
  }
  const pieces: Uint8Array[] = []
  if (compressed) {
    for await (const piece of streamOf(response, config, errors, ignore)) pieces.push(piece as Buffer)
    return Buffer.concat(pieces)
  }
  const count = new Count(response, config, errors)
  for await (const piece of response) {
    count.add(piece.length)
    pieces.push(piece)
  }
  count.end()
  return Buffer.concat(pieces)
}

function ignore(): void {}
