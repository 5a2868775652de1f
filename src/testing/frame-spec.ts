/**
 * Frames as a script writes them: each can be sent, and each can be expected.
 * Sent, a frame is exactly what was said, legal or not; expected, only what was
 * said is compared (RFC 9113 §4, §6).
 */
import { concat, latin1, sameOctets, uint16, uint32, uint32At } from './octets.ts'
import { type ReceivedFrame, showFrame, TYPE_NAMES } from './received-frame.ts'

export const DATA = 0x0
export const HEADERS = 0x1
const PRIORITY = 0x2
const RST_STREAM = 0x3
export const SETTINGS = 0x4
export const PUSH_PROMISE = 0x5
export const PING = 0x6
const GOAWAY = 0x7
export const WINDOW_UPDATE = 0x8
export const CONTINUATION = 0x9

const END_STREAM = 0x1
const ACK = 0x1
export const END_HEADERS = 0x4
export const PADDED = 0x8

/** One frame, its nine octets of header and what follows. `length` is what the header claims, if not the truth. */
export function frameBytes(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array,
  length: number = payload.length,
): Uint8Array {
  const head = Uint8Array.of(length >>> 16, length >>> 8, length, type, flags)
  return concat([head, uint32(streamId), payload])
}

/** Stands for any stream in a frame that is expected. */
export const ANY_STREAM = -1

/** A frame to send or to expect. */
export class FrameSpec {
  readonly type: number
  /** -1 for any: then it can only be expected. */
  readonly streamId: number
  /** Flags that are set when it is sent. */
  flags: number
  /** Flags that are compared when it is expected. */
  protected compared: number
  /** Undefined: any payload is expected, and it cannot be sent. */
  readonly #payload: Uint8Array | undefined
  /** Compares only so many octets of the payload. */
  readonly #prefix: number

  constructor(type: number, streamId: number, payload: Uint8Array | undefined, flags = 0, prefix = Infinity) {
    this.type = type
    this.streamId = streamId
    this.flags = flags
    this.compared = 0
    this.#payload = payload
    this.#prefix = prefix
  }

  /** Sets END_STREAM; `false` says that it must not be set. */
  endStream(on = true): this {
    return this.flag(END_STREAM, on)
  }

  /** Sets ACK; `false` says that it must not be set. */
  ack(on = true): this {
    return this.flag(ACK, on)
  }

  /** Sets any flag. */
  flag(bits: number, on = true): this {
    this.flags = on ? this.flags | bits : this.flags & ~bits
    this.compared |= bits
    return this
  }

  /** The octets to send. Throws Error for a frame that does not say all of itself. */
  toBytes(): Uint8Array {
    return frameBytes(this.type, this.flags, this.streamId, this.payload())
  }

  /** Why a received frame is another; undefined if it is this one. */
  mismatch(frame: ReceivedFrame): string | undefined {
    if (frame.type !== this.type) return 'type'
    if (this.streamId !== ANY_STREAM && frame.streamId !== this.streamId) return 'stream'
    if (((frame.flags ^ this.flags) & this.compared) !== 0) return 'flags'
    const wanted = this.#payload?.subarray(0, this.#prefix)
    if (wanted === undefined || sameOctets(frame.payload.subarray(0, this.#prefix), wanted)) return undefined
    return 'payload'
  }

  toString(): string {
    const where = this.streamId === ANY_STREAM ? 'any stream' : `stream ${this.streamId}`
    return `${TYPE_NAMES[this.type] ?? `frame ${this.type}`} on ${where}`
  }

  protected payload(): Uint8Array {
    if (this.#payload === undefined || this.streamId === ANY_STREAM) {
      throw new Error(`${this} says too little to be sent`)
    }
    return this.#payload
  }
}

/** DATA, which can be padded. */
export class DataSpec extends FrameSpec {
  #padding: number | undefined

  /** Pads with so many octets (RFC 9113 §6.1). */
  padded(octets: number): this {
    this.#padding = octets
    return this.flag(PADDED)
  }

  protected override payload(): Uint8Array {
    const content = super.payload()
    if (this.#padding === undefined) return content
    return concat([Uint8Array.of(this.#padding), content, new Uint8Array(this.#padding)])
  }
}

/** Any frame, as it stands. */
export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array | string = '',
): FrameSpec {
  return new FrameSpec(type, streamId, octetsOf(payload), flags)
}

/** DATA (RFC 9113 §6.1). Without content: any is expected. */
export function data(streamId: number, content?: Uint8Array | string): DataSpec {
  return new DataSpec(DATA, streamId, content === undefined ? undefined : octetsOf(content))
}

/** CONTINUATION (RFC 9113 §6.10) with a fragment of a field block; `.flag(0x4)` ends the block. */
export function continuation(streamId: number, fragment: Uint8Array): FrameSpec {
  return new FrameSpec(CONTINUATION, streamId, fragment)
}

/** PRIORITY (RFC 9113 §6.3). */
export function priority(streamId: number, dependsOn = 0, weight = 15): FrameSpec {
  return new FrameSpec(PRIORITY, streamId, concat([uint32(dependsOn), Uint8Array.of(weight)]))
}

/** RST_STREAM (RFC 9113 §6.4). Without a code: any is expected. */
export function rstStream(streamId: number, errorCode?: number): FrameSpec {
  return new FrameSpec(RST_STREAM, streamId, errorCode === undefined ? undefined : uint32(errorCode))
}

/** Identifiers of settings by name (RFC 9113 §6.5.2, RFC 8441 §3, RFC 9218 §2.1). */
const SETTING_IDS = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
  enableConnectProtocol: 8,
  noRfc7540Priorities: 9,
} as const

/** Settings by name, or pairs of identifier and value, which may be anything and come in any number. */
export type SettingsInput =
  | { readonly [name in keyof typeof SETTING_IDS]?: number }
  | readonly (readonly [id: number, value: number])[]

/** SETTINGS (RFC 9113 §6.5). Without any, they are sent empty, and expected whatever they say. */
export function settings(input?: SettingsInput): FrameSpec {
  if (input === undefined) return new VagueSpec(SETTINGS, new Uint8Array()).ack(false)
  const pairs = Array.isArray(input)
    ? (input as readonly (readonly [number, number])[])
    : Object.entries(input).map(
        ([name, value]) => [SETTING_IDS[name as keyof typeof SETTING_IDS], value] as const,
      )
  const payload = concat(pairs.flatMap(([id, value]) => [uint16(id), uint32(value)]))
  return new FrameSpec(SETTINGS, 0, payload).ack(false)
}

/** The acknowledgement of SETTINGS (RFC 9113 §6.5.3). */
export function settingsAck(): FrameSpec {
  return new FrameSpec(SETTINGS, 0, new Uint8Array()).ack()
}

/** PING (RFC 9113 §6.7) with eight octets; without them any are expected, and zeros sent. */
export function ping(octets?: Uint8Array | string): FrameSpec {
  const spec =
    octets === undefined ? new VagueSpec(PING, new Uint8Array(8)) : new FrameSpec(PING, 0, octetsOf(octets))
  return spec.ack(false)
}

/** A frame of the connection that says one thing when it is sent, and is expected with any payload. */
class VagueSpec extends FrameSpec {
  readonly #sent: Uint8Array

  constructor(type: number, sent: Uint8Array) {
    super(type, 0, undefined)
    this.#sent = sent
  }

  protected override payload(): Uint8Array {
    return this.#sent
  }
}

/** GOAWAY (RFC 9113 §6.8). Debug data is not compared. */
export function goaway(lastStreamId: number, errorCode = 0, debugData = ''): FrameSpec {
  const payload = concat([uint32(lastStreamId), uint32(errorCode), latin1(debugData)])
  return new FrameSpec(GOAWAY, 0, payload, 0, 8)
}

/** WINDOW_UPDATE (RFC 9113 §6.9). Without an increment: any is expected. */
export function windowUpdate(streamId: number, increment?: number): FrameSpec {
  return new FrameSpec(WINDOW_UPDATE, streamId, increment === undefined ? undefined : uint32(increment))
}

/** What is sent as it stands: octets, or text of which each character is one. */
export function octetsOf(content: Uint8Array | string): Uint8Array {
  return typeof content === 'string' ? latin1(content) : content
}

/** The error code in a RST_STREAM or GOAWAY that was received, undefined in other frames. */
export function errorCodeOf({ type, payload }: ReceivedFrame): number | undefined {
  if (type === RST_STREAM && payload.length === 4) return uint32At(payload, 0)
  return type === GOAWAY && payload.length >= 8 ? uint32At(payload, 4) : undefined
}

/** For messages: what was expected and what came. */
export function difference(spec: FrameSpec, frame: ReceivedFrame, what: string): string {
  return `expected ${spec}, received ${showFrame(frame)}: another ${what}`
}
