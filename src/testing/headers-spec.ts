/**
 * Frames with a field block, HEADERS and PUSH_PROMISE (RFC 9113 §6.2, §6.6),
 * and the small HPACK that a script needs: literals without indexing and
 * without Huffman coding (RFC 7541 §6.2.2). Anything else is given as octets.
 */
import {
  ANY_STREAM,
  CONTINUATION,
  END_HEADERS,
  FrameSpec,
  frameBytes,
  HEADERS,
  PADDED,
  PUSH_PROMISE,
} from './frame-spec.ts'
import { concat, latin1, uint32 } from './octets.ts'
import { fieldOf, type ReceivedFrame } from './received-frame.ts'

/** An integer behind a prefix of so many bits, `pattern` in the bits before it (RFC 7541 §5.1). */
export function hpackInteger(value: number, prefixBits: number, pattern = 0): Uint8Array {
  const full = 2 ** prefixBits - 1
  if (value < full) return Uint8Array.of(pattern | value)
  const octets = [pattern | full]
  let rest = value - full
  for (; rest >= 128; rest = Math.floor(rest / 128)) octets.push((rest % 128) | 0x80)
  return Uint8Array.of(...octets, rest)
}

/** A string as it is (RFC 7541 §5.2). */
export function hpackString(text: string): Uint8Array {
  return concat([hpackInteger(text.length, 7), latin1(text)])
}

/** A field block of literals. */
export function fieldBlock(fields: readonly (readonly [name: string, value: string])[]): Uint8Array {
  return concat(fields.flatMap(([name, value]) => [Uint8Array.of(0), hpackString(name), hpackString(value)]))
}

/** HEADERS or PUSH_PROMISE, put together by what is called on it. */
export class HeadersSpec extends FrameSpec {
  readonly #promisedStreamId: number | undefined
  readonly #fields: [name: string, value: string][] = []
  #block: Uint8Array | undefined
  #padding: number | undefined
  /** Octets of the block in each frame. */
  #splitAt = Number.POSITIVE_INFINITY

  constructor(type: number, streamId: number, promisedStreamId?: number) {
    super(type, streamId, undefined, END_HEADERS)
    this.#promisedStreamId = promisedStreamId
  }

  /** A request: sent with `:scheme` https and `:authority` a.test, compared by method and path only. */
  request(method: string, path: string): this {
    return this.field(':method', method).field(':path', path)
  }

  get(path: string): this {
    return this.request('GET', path)
  }

  post(path: string): this {
    return this.request('POST', path)
  }

  /** A response. */
  status(code: number | string): this {
    return this.field(':status', String(code))
  }

  /** One more field. Expected, it must be there with this value. */
  field(name: string, value: string): this {
    this.#fields.push([name, value])
    return this
  }

  /** A field block as octets, in place of fields. */
  block(octets: Uint8Array): this {
    this.#block = octets
    return this
  }

  /** Pads with so many octets (RFC 9113 §6.2). */
  padded(octets: number): this {
    this.#padding = octets
    return this.flag(PADDED)
  }

  /** Leaves END_HEADERS out: CONTINUATION is to follow. */
  open(): this {
    return this.flag(END_HEADERS, false)
  }

  /** Puts at most so many octets of the block into one frame, the rest into CONTINUATIONs. */
  splitAt(octets: number): this {
    this.#splitAt = octets
    return this
  }

  override toBytes(): Uint8Array {
    if (this.streamId === ANY_STREAM) throw new Error(`${this} says too little to be sent`)
    const block = this.#block ?? fieldBlock(this.#complete())
    const pieces: Uint8Array[] = []
    for (let at = 0; at === 0 || at < block.length; at += this.#splitAt) {
      pieces.push(block.subarray(at, at + this.#splitAt))
    }
    const last = pieces.length - 1
    const frames = pieces.map((piece, i) => {
      if (i > 0) return frameBytes(CONTINUATION, i === last ? END_HEADERS : 0, this.streamId, piece)
      const flags = last > 0 ? this.flags & ~END_HEADERS : this.flags
      return frameBytes(this.type, flags, this.streamId, this.#framed(piece))
    })
    return concat(frames)
  }

  override mismatch(frame: ReceivedFrame): string | undefined {
    const other = super.mismatch(frame)
    if (other !== undefined) return other
    return this.#fields.find(([name, value]) => fieldOf(frame, name) !== value)?.[0]
  }

  override toString(): string {
    return [super.toString(), ...this.#fields.map(([name, value]) => `${name}=${value}`)].join(' ')
  }

  #framed(piece: Uint8Array): Uint8Array {
    const padding = this.#padding
    return concat([
      padding === undefined ? new Uint8Array() : Uint8Array.of(padding),
      this.#promisedStreamId === undefined ? new Uint8Array() : uint32(this.#promisedStreamId),
      piece,
      new Uint8Array(padding ?? 0),
    ])
  }

  #complete(): [name: string, value: string][] {
    const has = (name: string) => this.#fields.some((field) => field[0] === name)
    if (!has(':method') || has(':scheme') || has(':authority')) return this.#fields
    const pseudo = this.#fields.filter(([name]) => name.startsWith(':'))
    const regular = this.#fields.filter(([name]) => !name.startsWith(':'))
    return [...pseudo, [':scheme', 'https'], [':authority', 'a.test'], ...regular]
  }
}

/**
 * HEADERS (RFC 9113 §6.2). Without a stream they are expected on any.
 *
 * @example
 * await peer.expect(headers(1).get('/').endStream())
 * peer.send(headers(1).status(200).field('content-type', 'text/plain'), data(1, 'hello').endStream())
 */
export function headers(streamId: number = ANY_STREAM): HeadersSpec {
  return new HeadersSpec(HEADERS, streamId)
}

/** PUSH_PROMISE (RFC 9113 §6.6). */
export function pushPromise(streamId: number, promisedStreamId: number): HeadersSpec {
  return new HeadersSpec(PUSH_PROMISE, streamId, promisedStreamId)
}
