/**
 * Decoders of content codings (RFC 9110 §8.4.1) over `node:zlib`, which is not
 * loaded before the first byte is to be decoded. The one rule: the source is
 * read only while the consumer waits for a piece, so back-pressure and an early
 * stop pass through.
 */
import type { Transform } from 'node:stream'
import type { Decode } from './transport.ts'
import { ZstdFrames } from './zstd-frames.ts'

/** A stream of `node:zlib`; `bytesWritten` counts what the engine took of its input. */
type Inflater = Transform & { readonly bytesWritten: number }

/** The part of `node:zlib` that only newer runtimes have. */
interface Zstd {
  readonly createZstdDecompress?: (options: {
    params: Record<number, number>
    finishFlush?: number
  }) => Inflater
  readonly constants: { readonly ZSTD_d_windowLogMax: number; readonly ZSTD_e_flush: number }
}

const NOTHING = new Uint8Array(0)
/** RFC 9659 §3: no window of this coding is larger than 8 MiB; the runtime would take memory for 128. */
const ZSTD_WINDOW_LOG = 23

interface Coding {
  readonly name: string
  /** Bytes that `open` must see; fewer only if there are no more. */
  readonly headLength: number
  /** `partial`: data that was cut is given as far as it goes. */
  open(head: Uint8Array, partial: boolean): Inflater
  /** Zeros behind the compressed data are padding, as of a tape or a block device, and mean nothing. */
  readonly padded: boolean
  /** Follows the compressed data where the runtime's decoder does not notice that it was cut. */
  readonly frames: boolean
}

const CODINGS: { readonly [name: string]: Coding } = {
  gzip: {
    name: 'gzip',
    headLength: 1,
    open: (_head, partial) => zlib().createGunzip(flushing(partial, 'Z_SYNC_FLUSH')),
    padded: true,
    frames: false,
  },
  deflate: {
    name: 'deflate',
    headLength: 2,
    // The coding is the zlib format, but some senders leave the wrapper out (RFC 9110 §8.4.1.2).
    open: (head, partial) => {
      const options = flushing(partial, 'Z_SYNC_FLUSH')
      return hasZlibHeader(head) ? zlib().createInflate(options) : zlib().createInflateRaw(options)
    },
    padded: false,
    frames: false,
  },
  br: {
    name: 'br',
    headLength: 1,
    open: (_head, partial) => zlib().createBrotliDecompress(flushing(partial, 'BROTLI_OPERATION_FLUSH')),
    padded: false,
    frames: false,
  },
  zstd: { name: 'zstd', headLength: 1, open: openZstd, padded: false, frames: true },
}

/** The way to end that does not ask whether the data was complete. */
function flushing(
  partial: boolean,
  operation: 'Z_SYNC_FLUSH' | 'BROTLI_OPERATION_FLUSH',
): { finishFlush?: number } {
  return partial ? { finishFlush: zlib().constants[operation] } : {}
}

function openZstd(_head: Uint8Array, partial: boolean): Inflater {
  const { createZstdDecompress, constants } = zstd()
  const params = { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG }
  return createZstdDecompress!(partial ? { params, finishFlush: constants.ZSTD_e_flush } : { params })
}

function zlib(): typeof import('node:zlib') {
  return process.getBuiltinModule('node:zlib')
}

function zstd(): Zstd {
  return zlib() as unknown as Zstd
}

/**
 * The decoder of a content coding, undefined if this runtime has none. Names are in lower case. `partial`:
 * content that was cut is no error, and given as far as it goes.
 */
export function decoder(coding: string, partial = false): Decode | undefined {
  const name = coding === 'x-gzip' ? 'gzip' : coding
  if (!Object.hasOwn(CODINGS, name)) return undefined
  if (name === 'zstd' && zstd().createZstdDecompress === undefined) return undefined
  const found = CODINGS[name]!
  return (source) => new Decoding(found, partial, source[Symbol.asyncIterator]())
}

/** RFC 1950 §2.2: method 8, a window of at most 32 KiB, and a check that makes 31 divide both octets. */
function hasZlibHeader(head: Uint8Array): boolean {
  const [method = 0, flags = 0] = head
  if (head.length < 2) return true
  return (method & 0x0f) === 8 && method >>> 4 <= 7 && ((method << 8) | flags) % 31 === 0
}

/** One body on its way through a decoder. */
class Decoding implements AsyncIterableIterator<Uint8Array> {
  readonly #coding: Coding
  readonly #partial: boolean
  readonly #input: AsyncIterator<Uint8Array>
  readonly #output: AsyncGenerator<Uint8Array, void>
  /** Undefined until the first bytes came. */
  #inflater: Inflater | undefined = undefined
  readonly #frames: ZstdFrames | undefined
  /** Bytes that were pulled from the source. */
  #given = 0
  /** Octets of padding that the inflater did not take. */
  #padding = 0
  /** The source ended or failed, so that it is not to be told of our end. */
  #inputDone = false
  /** The consumer stopped, or the decoding failed. */
  #stopped = false
  /** The inflater saw the end of the compressed data. */
  #ended = false
  #error: Error | undefined = undefined
  /** Wakes the reader; undefined while it does not wait. */
  #wake: (() => void) | undefined = undefined

  constructor(coding: Coding, partial: boolean, input: AsyncIterator<Uint8Array>) {
    this.#coding = coding
    this.#partial = partial
    this.#input = input
    this.#frames = coding.frames ? new ZstdFrames() : undefined
    this.#output = this.#run()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#stopped) return { done: true, value: undefined }
    const { done, value } = await this.#output.next()
    return done === true || value === undefined ? { done: true, value: undefined } : { done: false, value }
  }

  /** Also ends a `next` that waits for the decoder; one that waits for the source ends with the source. */
  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (!this.#stopped) {
      this.#stopped = true
      this.#inflater?.destroy()
      this.#wake?.()
      if (!this.#inputDone) await this.#input.return?.()
    }
    return { done: true, value: undefined }
  }

  async *#run(): AsyncGenerator<Uint8Array, void> {
    try {
      let chunk = await this.#head()
      if (chunk === undefined) return
      const inflater = this.#open(chunk)
      for (; chunk !== undefined; chunk = await this.#pull()) {
        while (chunk.length > 0 && !this.#stopped) {
          const end = this.#frames?.push(chunk) ?? chunk.length
          yield* this.#write(inflater, chunk.subarray(0, end))
          chunk = chunk.subarray(end)
        }
      }
      if (this.#stopped) return
      if (this.#frames?.complete === false && !this.#partial) throw this.#failure('is truncated')
      inflater.end()
      yield* this.#read(inflater, () => false, NOTHING)
    } catch (error) {
      await this.return()
      throw error
    } finally {
      this.#inflater?.destroy()
    }
  }

  /** What the inflater yields of this input. */
  #write(inflater: Inflater, input: Uint8Array): AsyncGenerator<Uint8Array, void> {
    if (this.#ended) {
      this.#checkPadding(input)
      return this.#read(inflater, () => true, NOTHING)
    }
    let written = false
    inflater.write(input, () => {
      written = true
      this.#wake?.()
    })
    return this.#read(inflater, () => written, input)
  }

  /** What the inflater yields until it wants more, has ended, or was stopped. `input`: what it was given last. */
  async *#read(
    inflater: Inflater,
    satisfied: () => boolean,
    input: Uint8Array,
  ): AsyncGenerator<Uint8Array, void> {
    const given = this.#given
    while (!this.#stopped) {
      if (this.#error !== undefined) throw this.#inflaterFailure(this.#error)
      const piece = inflater.read() as Uint8Array | null
      if (piece !== null) {
        yield piece
        continue
      }
      const done = this.#ended || satisfied()
      // It takes all that it is given, as long as it has not seen the end of the data.
      const surplus = given - this.#padding - inflater.bytesWritten
      if (done && surplus > 0) this.#checkPadding(input.subarray(Math.max(0, input.length - surplus)))
      if (done) return
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = undefined
    }
  }

  /** What follows the compressed data is nothing, or zeros where they mean nothing. */
  #checkPadding(surplus: Uint8Array): void {
    if (!this.#coding.padded || surplus.some((octet) => octet !== 0)) {
      throw this.#failure('is followed by other data')
    }
    this.#padding += surplus.length
  }

  /** The next chunk that is not empty, undefined at the end. */
  async #pull(): Promise<Uint8Array | undefined> {
    while (!this.#stopped) {
      const result = await this.#input.next().catch((error: unknown) => {
        this.#inputDone = true
        throw error
      })
      if (result.done === true) {
        this.#inputDone = true
        return undefined
      }
      this.#given += result.value.length
      if (result.value.length > 0) return result.value
    }
    return undefined
  }

  /** The first bytes, as many as the coding must see to be opened. */
  async #head(): Promise<Uint8Array | undefined> {
    let head = await this.#pull()
    while (head !== undefined && head.length < this.#coding.headLength) {
      const more = await this.#pull()
      if (more === undefined) break
      head = Buffer.concat([head, more])
    }
    return this.#stopped ? undefined : head
  }

  #open(head: Uint8Array): Inflater {
    const inflater = this.#coding.open(head, this.#partial)
    this.#inflater = inflater
    const wake = () => this.#wake?.()
    inflater.on('readable', wake)
    inflater.on('close', wake)
    inflater.on('end', () => {
      this.#ended = true
      wake()
    })
    inflater.on('error', (error: Error) => {
      this.#error = error
      wake()
    })
    return inflater
  }

  #inflaterFailure(error: Error): Error {
    const truncated = (error as { code?: string }).code === 'Z_BUF_ERROR'
    return this.#failure(truncated ? 'is truncated' : `is corrupt: ${error.message}`, error)
  }

  #failure(what: string, cause?: Error): Error {
    return new Error(`${this.#coding.name} content ${what}`, cause === undefined ? undefined : { cause })
  }
}
