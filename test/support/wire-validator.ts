/**
 * Judges a client's whole output (RFC 9113): it is shown what each side sends,
 * in order, and notes every octet of the client's that a peer could complain
 * about. Knows nothing of the library; the peer's own mistakes do not trouble it.
 */
import { FieldBlockDecoder } from './field-blocks.ts'
import { requestFault, sectionSize, trailersFault } from './request-rules.ts'
import {
  ACK,
  CONTINUATION,
  concat,
  DATA,
  END_HEADERS,
  END_STREAM,
  GOAWAY,
  HEADERS,
  PADDED,
  PING,
  PREFACE,
  PUSH_PROMISE,
  RST_STREAM,
  SETTINGS,
  uint32At,
  WINDOW_UPDATE,
  type WireFrame,
} from './wire.ts'

const PRIORITY_UPDATE = 0x10
const MAX_WINDOW = 2 ** 31 - 1
const NO_ERROR = 0x0
const CANCEL = 0x8

/** Flags that have a meaning in what a client sends. */
const FLAGS: Readonly<Record<number, number>> = {
  [DATA]: END_STREAM,
  [HEADERS]: END_STREAM | END_HEADERS,
  [SETTINGS]: ACK,
  [PING]: ACK,
  [CONTINUATION]: END_HEADERS,
}

/** A stream as its two sides' frames made it. */
interface StreamFacts {
  sentEnd: boolean
  sentReset: boolean
  receivedEnd: boolean
  receivedReset: boolean
  /** The peer sent DATA or HEADERS after its own end or reset. */
  receivedLate: boolean
  /** WINDOW_UPDATEs received less octets sent; on top of INITIAL_WINDOW_SIZE. */
  sendCredit: number
  /** Octets that the peer may send. */
  receiveWindow: number
  contentLength: number
  sentOctets: number
}

/** Cuts one side's octets into frames as they come. */
class FrameCutter {
  #rest: Uint8Array = new Uint8Array()
  /** Octets of the preface still to come. */
  #preface: number

  constructor(expectPreface: boolean) {
    this.#preface = expectPreface ? PREFACE.length : 0
  }

  get rest(): number {
    return this.#rest.length
  }

  cut(bytes: Uint8Array): (WireFrame & { readonly reserved: boolean })[] {
    this.#rest = concat(this.#rest, bytes)
    if (this.#preface > 0) {
      if (this.#rest.length < PREFACE.length) return []
      if (PREFACE.some((octet, i) => this.#rest[i] !== octet)) throw new Error('no connection preface')
      this.#rest = this.#rest.slice(PREFACE.length)
      this.#preface = 0
    }
    const frames: (WireFrame & { readonly reserved: boolean })[] = []
    while (this.#rest.length >= 9) {
      const length = uint32At(this.#rest) >>> 8
      if (this.#rest.length < 9 + length) break
      const id = uint32At(this.#rest, 5)
      const payload = this.#rest.slice(9, 9 + length)
      const [type, flags] = [this.#rest[3]!, this.#rest[4]!]
      frames.push({ type, flags, streamId: id & MAX_WINDOW, payload, reserved: id > MAX_WINDOW })
      this.#rest = this.#rest.slice(9 + length)
    }
    return frames
  }
}

export class WireValidator {
  /** What was wrong, in order. */
  readonly faults: string[] = []
  readonly #client = new FrameCutter(true)
  readonly #peer = new FrameCutter(false)
  readonly #decoder = new FieldBlockDecoder()
  readonly #streams = new Map<number, StreamFacts>()
  /** The peer's SETTINGS that the client has not acknowledged: they hold from its ACK on. */
  readonly #settings: WireFrame[] = []
  readonly #pings: string[] = []
  #maxFrameSize = 16_384
  #maxStreams = Number.POSITIVE_INFINITY
  #initialSendWindow = 65_535
  #sendWindow = 65_535
  #maxSection = Number.POSITIVE_INFINITY
  #extendedConnect = false
  #initialReceiveWindow = 65_535
  #receiveWindow = 65_535
  #lastId = -1
  #lastPromised = 0
  #settingsSent = false
  /** The field block that is being sent, its stream and END_STREAM. */
  #block: { streamId: number; endStream: boolean; fragments: Uint8Array[] } | undefined = undefined
  #peerGoaway = MAX_WINDOW
  #peerLeaving = false
  /** Error code of the client's GOAWAY. */
  #goaway: number | undefined = undefined

  /** Octets that the peer has sent. */
  peerSent(bytes: Uint8Array): void {
    for (const frame of this.#peer.cut(bytes)) this.#fromPeer(frame)
  }

  /** Octets that the client has sent, having seen all that `peerSent` was told. */
  clientSent(bytes: Uint8Array): void {
    try {
      for (const frame of this.#client.cut(bytes)) {
        const fault = this.#judge(frame, frame.reserved)
        if (fault !== undefined) this.faults.push(`${fault}: ${describe(frame)}`)
      }
    } catch (error) {
      this.faults.push(String(error))
    }
  }

  /** The client has nothing more to send. */
  finish(): void {
    if (this.#client.rest > 0) this.faults.push('output ends inside a frame')
    if (this.#block !== undefined) this.faults.push('output ends inside a field block')
    if (this.#goaway !== undefined || !this.#settingsSent) return
    if (this.#settings.length > 0) this.faults.push('SETTINGS without acknowledgement')
    if (this.#pings.length > 0) this.faults.push('PING without answer')
  }

  // — what the peer grants and ends —

  #fromPeer({ type, flags, streamId, payload }: WireFrame): void {
    const stream = this.#streams.get(streamId)
    if (type === SETTINGS && (flags & ACK) === 0) this.#settings.push({ type, flags, streamId, payload })
    else if (type === PING && (flags & ACK) === 0) this.#pings.push(payload.join())
    else if (type === WINDOW_UPDATE && payload.length === 4) this.#granted(streamId, uint32At(payload))
    else if (type === RST_STREAM && stream !== undefined) stream.receivedReset = true
    else if (type === PUSH_PROMISE) this.#promised(flags, payload)
    else if (type === GOAWAY && payload.length >= 8) this.#peerGone(uint32At(payload) & MAX_WINDOW)
    if (type === DATA) this.#receiveWindow -= payload.length
    if ((type !== DATA && type !== HEADERS) || stream === undefined) return
    if (stream.receivedEnd || stream.receivedReset) stream.receivedLate = true
    if (type === DATA) stream.receiveWindow -= payload.length
    if ((flags & END_STREAM) !== 0) stream.receivedEnd = true
  }

  #granted(streamId: number, increment: number): void {
    const stream = this.#streams.get(streamId)
    if (streamId === 0) this.#sendWindow += increment & MAX_WINDOW
    else if (stream !== undefined) stream.sendCredit += increment & MAX_WINDOW
  }

  /** The promised identifier stands behind the Pad Length, where there is one (RFC 9113 §6.6). */
  #promised(flags: number, payload: Uint8Array): void {
    const at = (flags & PADDED) === 0 ? 0 : 1
    if (payload.length < at + 4) return
    const streamId = uint32At(payload, at) & MAX_WINDOW
    this.#lastPromised = Math.max(this.#lastPromised, streamId)
    const stream = this.#newStream()
    stream.sentEnd = true
    if (!this.#streams.has(streamId)) this.#streams.set(streamId, stream)
  }

  #peerGone(lastStreamId: number): void {
    this.#peerLeaving = true
    this.#peerGoaway = Math.min(this.#peerGoaway, lastStreamId)
  }

  // — what the client sends —

  #judge(frame: WireFrame, reserved: boolean): string | undefined {
    const { type, flags, streamId, payload } = frame
    if (this.#goaway !== undefined) return 'frame after GOAWAY'
    if (reserved) return 'reserved bit'
    if ((flags & ~(FLAGS[type] ?? 0)) !== 0) return 'undefined flag'
    if (payload.length > this.#maxFrameSize) return 'frame too long'
    if (!this.#settingsSent && (type !== SETTINGS || flags !== 0)) return 'SETTINGS must be first'
    if (this.#block !== undefined && (type !== CONTINUATION || streamId !== this.#block.streamId)) {
      return 'field block interrupted'
    }
    switch (type) {
      case DATA:
        return this.#data(streamId, payload.length, (flags & END_STREAM) !== 0)
      case HEADERS:
        return this.#headers(frame)
      case CONTINUATION:
        return this.#continuation(frame)
      case RST_STREAM:
        return this.#reset(streamId, payload)
      case SETTINGS:
        return streamId === 0 ? this.#ownSettings(flags, payload) : 'SETTINGS on a stream'
      case PING:
        return this.#ping(frame)
      case GOAWAY:
        return this.#ownGoaway(streamId, payload)
      case WINDOW_UPDATE:
        return this.#windowUpdate(streamId, payload)
      case PRIORITY_UPDATE:
        return this.#priorityUpdate(streamId, payload)
      default:
        return 'frame that a client has no use for'
    }
  }

  #data(streamId: number, length: number, endStream: boolean): string | undefined {
    const stream = this.#streams.get(streamId)
    const shut = this.#shut(stream)
    if (stream === undefined || shut !== undefined) return shut
    if (length > 0 && length > this.#initialSendWindow + stream.sendCredit) return 'stream window overrun'
    if (length > 0 && length > this.#sendWindow) return 'connection window overrun'
    stream.sendCredit -= length
    this.#sendWindow -= length
    stream.sentOctets += length
    return endStream ? this.#end(stream) : undefined
  }

  #shut(stream: StreamFacts | undefined): string | undefined {
    if (stream === undefined) return 'stream that is not open'
    if (stream.sentEnd) return 'frame after END_STREAM'
    if (stream.sentReset) return 'frame after RST_STREAM'
    return stream.receivedReset ? 'frame after the RST_STREAM of the peer' : undefined
  }

  #end(stream: StreamFacts): string | undefined {
    stream.sentEnd = true
    const right = stream.contentLength < 0 || stream.contentLength === stream.sentOctets
    return right ? undefined : 'content-length differs from the content'
  }

  #headers({ flags, streamId, payload }: WireFrame): string | undefined {
    this.#block = { streamId, endStream: (flags & END_STREAM) !== 0, fragments: [payload] }
    const known = this.#streams.get(streamId)
    const fault = known === undefined ? this.#newRequest(streamId) : this.#shut(known)
    return fault ?? ((flags & END_HEADERS) !== 0 ? this.#section(known === undefined) : undefined)
  }

  #newRequest(streamId: number): string | undefined {
    if (streamId % 2 === 0) return 'stream identifier is even'
    if (streamId <= this.#lastId) return 'stream identifier does not grow'
    this.#lastId = streamId
    if (this.#peerLeaving) return 'request after GOAWAY'
    return this.#openStreams() < this.#maxStreams ? undefined : 'more streams than MAX_CONCURRENT_STREAMS'
  }

  #openStreams(): number {
    let open = 0
    for (const [id, stream] of this.#streams) {
      const closed = stream.sentReset || stream.receivedReset || (stream.sentEnd && stream.receivedEnd)
      if (id % 2 === 1 && !closed && id <= this.#peerGoaway) open += 1
    }
    return open
  }

  #continuation({ flags, payload }: WireFrame): string | undefined {
    if (this.#block === undefined) return 'CONTINUATION without a field block'
    this.#block.fragments.push(payload)
    if ((flags & END_HEADERS) === 0) return undefined
    return this.#section(!this.#streams.has(this.#block.streamId))
  }

  #section(isRequest: boolean): string | undefined {
    const { streamId, endStream, fragments } = this.#block!
    this.#block = undefined
    const { fields } = this.#decoder.decode(concat(...fragments))
    if (sectionSize(fields) > this.#maxSection) return 'field section above MAX_HEADER_LIST_SIZE'
    if (!isRequest) {
      const stream = this.#streams.get(streamId)!
      return trailersFault(fields) ?? (endStream ? this.#end(stream) : 'trailers without END_STREAM')
    }
    const stream = this.#newStream()
    const value = (name: string) => fields.find((field) => field.name === name)?.value
    stream.contentLength = Number(value('content-length') ?? -1)
    this.#streams.set(streamId, stream)
    return requestFault(fields, this.#extendedConnect) ?? (endStream ? this.#end(stream) : undefined)
  }

  #newStream(): StreamFacts {
    return {
      sentEnd: false,
      sentReset: false,
      receivedEnd: false,
      receivedReset: false,
      receivedLate: false,
      sendCredit: 0,
      receiveWindow: this.#initialReceiveWindow,
      contentLength: -1,
      sentOctets: 0,
    }
  }

  #reset(streamId: number, payload: Uint8Array): string | undefined {
    const stream = this.#streams.get(streamId)
    if (payload.length !== 4) return 'RST_STREAM length'
    if (stream === undefined) return 'RST_STREAM on an idle stream'
    if (stream.sentReset) return 'second RST_STREAM'
    stream.sentReset = true
    if (stream.receivedLate) return undefined
    if (stream.receivedReset) return 'RST_STREAM behind that of the peer'
    // A message that is complete and malformed is a stream error all the same (RFC 9113 §8.1.1).
    const blameless = uint32At(payload) === NO_ERROR || uint32At(payload) === CANCEL
    return blameless && stream.sentEnd && stream.receivedEnd ? 'RST_STREAM on a closed stream' : undefined
  }

  #ownSettings(flags: number, payload: Uint8Array): string | undefined {
    if (flags === ACK) return payload.length === 0 ? this.#acknowledge() : 'SETTINGS acknowledgement length'
    this.#settingsSent = true
    if (payload.length % 6 !== 0) return 'SETTINGS length'
    for (const [id, value] of entries(payload)) {
      if (id === 2 && value > 1) return 'ENABLE_PUSH value'
      if (id === 4 && value > MAX_WINDOW) return 'INITIAL_WINDOW_SIZE value'
      if (id === 5 && (value < 16_384 || value > 16_777_215)) return 'MAX_FRAME_SIZE value'
      if (id === 4) this.#initialReceiveWindow = value
    }
    return undefined
  }

  #acknowledge(): string | undefined {
    const frame = this.#settings.shift()
    if (frame === undefined) return 'acknowledgement of nothing'
    for (const [id, value] of entries(frame.payload)) {
      if (id === 1) this.#decoder.setLimit(value)
      else if (id === 3) this.#maxStreams = value
      else if (id === 4) this.#initialSendWindow = value
      else if (id === 5) this.#maxFrameSize = value
      else if (id === 6) this.#maxSection = value
      else if (id === 8) this.#extendedConnect = value === 1
    }
    return undefined
  }

  #ping({ flags, streamId, payload }: WireFrame): string | undefined {
    if (streamId !== 0 || payload.length !== 8) return 'PING form'
    if (flags === 0) return undefined
    return this.#pings.shift() === payload.join() ? undefined : 'PING acknowledgement of nothing'
  }

  #ownGoaway(streamId: number, payload: Uint8Array): string | undefined {
    if (streamId !== 0 || payload.length < 8) return 'GOAWAY form'
    this.#goaway = uint32At(payload, 4)
    const last = uint32At(payload)
    return last === 0 || (last % 2 === 0 && last <= this.#lastPromised) ? undefined : 'GOAWAY last stream'
  }

  #windowUpdate(streamId: number, payload: Uint8Array): string | undefined {
    if (payload.length !== 4) return 'WINDOW_UPDATE length'
    const increment = uint32At(payload)
    if (increment === 0 || increment > MAX_WINDOW) return 'WINDOW_UPDATE increment'
    if (streamId === 0) {
      this.#receiveWindow += increment
      return this.#receiveWindow > MAX_WINDOW ? 'connection window above 2^31-1' : undefined
    }
    const stream = this.#streams.get(streamId)
    if (stream === undefined) return 'WINDOW_UPDATE on an idle stream'
    if (stream.sentReset || stream.receivedReset) return 'WINDOW_UPDATE after RST_STREAM'
    if (stream.receivedEnd) return 'WINDOW_UPDATE for a side that has ended'
    stream.receiveWindow += increment
    return stream.receiveWindow > MAX_WINDOW ? 'stream window above 2^31-1' : undefined
  }

  #priorityUpdate(streamId: number, payload: Uint8Array): string | undefined {
    if (streamId !== 0 || payload.length < 4) return 'PRIORITY_UPDATE form'
    return this.#streams.has(uint32At(payload)) ? undefined : 'PRIORITY_UPDATE of an idle stream'
  }
}

function* entries(payload: Uint8Array): Generator<[id: number, value: number]> {
  for (let at = 0; at + 6 <= payload.length; at += 6) {
    yield [uint32At(payload, at) >>> 16, uint32At(payload, at + 2)]
  }
}

function describe({ type, flags, streamId, payload }: WireFrame): string {
  return `type ${type}, flags ${flags}, stream ${streamId}, ${payload.length} octets`
}
