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
  readonly createZstdDecompress?: (options: { params: Record<number, number> }) => Inflater
  readonly constants: { readonly ZSTD_d_windowLogMax: number }
}

/** RFC 9659 §3: no window of this coding is larger than 8 MiB; the runtime would take memory for 128. */
const ZSTD_WINDOW_LOG = 23

interface Coding {
  readonly name: string
  /** Bytes that `open` must see; fewer only if there are no more. */
  readonly headLength: number
  open(head: Uint8Array): Inflater
  /** Follows the compressed data where the runtime's decoder does not notice that it was cut. */
  readonly frames: boolean
}

const CODINGS: { readonly [name: string]: Coding } = {
  gzip: { name: 'gzip', headLength: 1, open: () => zlib().createGunzip(), frames: false },
  deflate: {
    name: 'deflate',
    headLength: 2,
    // The coding is the zlib format, but some senders leave the wrapper out (RFC 9110 §8.4.1.2).
    open: (head) => (hasZlibHeader(head) ? zlib().createInflate() : zlib().createInflateRaw()),
    frames: false,
  },
  br: { name: 'br', headLength: 1, open: () => zlib().createBrotliDecompress(), frames: false },
  zstd: { name: 'zstd', headLength: 1, open: openZstd, frames: true },
}

function openZstd(): Inflater {
  const { createZstdDecompress, constants } = zstd()
  return createZstdDecompress!({ params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG } })
}

function zlib(): typeof import('node:zlib') {
  return process.getBuiltinModule('node:zlib')
}

function zstd(): Zstd {
  return zlib() as unknown as Zstd
}

/** The decoder of a content coding, undefined if this runtime has none. Names are in lower case. */
export function decoder(coding: string): Decode | undefined {
  const name = coding === 'x-gzip' ? 'gzip' : coding
  if (!Object.hasOwn(CODINGS, name)) return undefined
  if (name === 'zstd' && zstd().createZstdDecompress === undefined) return undefined
  const found = CODINGS[name]!
  return (source) => new Decoding(found, source[Symbol.asyncIterator]())
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
  readonly #input: AsyncIterator<Uint8Array>
  readonly #output: AsyncGenerator<Uint8Array, void>
  /** Undefined until the first bytes came. */
  #inflater: Inflater | undefined = undefined
  readonly #frames: ZstdFrames | undefined
  /** Bytes that were pulled from the source. */
  #given = 0
  /** The source ended or failed, so that it is not to be told of our end. */
  #inputDone = false
  /** The consumer stopped, or the decoding failed. */
  #stopped = false
  /** The inflater saw the end of the compressed data. */
  #ended = false
  #error: Error | undefined = undefined
  /** Wakes the reader; undefined while it does not wait. */
  #wake: (() => void) | undefined = undefined

  constructor(coding: Coding, input: AsyncIterator<Uint8Array>) {
    this.#coding = coding
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
      if (this.#frames?.complete === false) throw this.#failure('is truncated')
      inflater.end()
      yield* this.#read(inflater, () => false)
    } catch (error) {
      await this.return()
      throw error
    } finally {
      this.#inflater?.destroy()
    }
  }

  /** What the inflater yields of this input. */
  #write(inflater: Inflater, input: Uint8Array): AsyncGenerator<Uint8Array, void> {
    let written = false
    inflater.write(input, () => {
      written = true
      this.#wake?.()
    })
    return this.#read(inflater, () => written)
  }

  /** What the inflater yields until it wants more, has ended, or was stopped. */
  async *#read(inflater: Inflater, satisfied: () => boolean): AsyncGenerator<Uint8Array, void> {
    const given = this.#given
    while (!this.#stopped) {
      if (this.#error !== undefined) throw this.#inflaterFailure(this.#error)
      const piece = inflater.read() as Uint8Array | null
      if (piece !== null) {
        yield piece
        continue
      }
      if (this.#ended && inflater.bytesWritten < given) throw this.#failure('is followed by other data')
      if (this.#ended || satisfied()) return
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = undefined
    }
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
    const inflater = this.#coding.open(head)
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
