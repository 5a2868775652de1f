/**
 * The client's bytes, cut into frames (RFC 9113 §3.4, §4.1) with their field
 * blocks put together and decoded. Its one rule: bytes may come in any pieces.
 */
import { Decoder } from '../hpack/index.ts'
import { CONTINUATION, END_HEADERS, HEADERS, SETTINGS } from './frame-spec.ts'
import { concat, latin1, uint16At, uint32At } from './octets.ts'
import type { ReceivedFrame } from './received-frame.ts'

const PREFACE = latin1('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
const FRAME_HEADER = 9
const HEADER_TABLE_SIZE = 1
const NO_FIELDS: readonly (readonly [string, string])[] = []

export class FrameCutter {
  #rest: Uint8Array = new Uint8Array()
  #prefaceSeen = false
  /** HEADERS that wait for their CONTINUATIONs. */
  #open: { flags: number; streamId: number; fragments: Uint8Array[] } | undefined
  readonly #decoder = new Decoder({ maxHeaderListSize: 2 ** 24, maxFields: 2 ** 16 })
  /** HEADER_TABLE_SIZE of each of our SETTINGS that the client has not acknowledged. */
  readonly #tableSizes: (number | undefined)[] = []

  /** We sent SETTINGS: they hold for the client's encoder once it acknowledges them. */
  settingsSent(payload: Uint8Array): void {
    let size: number | undefined
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      if (uint16At(payload, at) === HEADER_TABLE_SIZE) size = uint32At(payload, at + 2)
    }
    this.#tableSizes.push(size)
  }

  /** The frames that these bytes complete. Throws Error for what is no HTTP/2. */
  *cut(bytes: Uint8Array): Generator<ReceivedFrame> {
    this.#rest = concat([this.#rest, bytes])
    if (!this.#prefaceSeen && !this.#takePreface()) return
    let at = 0
    while (this.#rest.length - at >= FRAME_HEADER) {
      const length = uint32At(this.#rest, at) >>> 8
      const end = at + FRAME_HEADER + length
      if (end > this.#rest.length) break
      const type = this.#rest[at + 3]!
      const flags = this.#rest[at + 4]!
      const streamId = uint32At(this.#rest, at + 5) & 0x7fffffff
      const payload = this.#rest.slice(at + FRAME_HEADER, end)
      at = end
      const frame = this.#frame(type, flags, streamId, payload)
      if (frame !== undefined) yield frame
    }
    this.#rest = this.#rest.subarray(at)
  }

  #takePreface(): boolean {
    const { length } = PREFACE
    const given = this.#rest.subarray(0, length)
    if (given.some((octet, i) => octet !== PREFACE[i]))
      throw new Error('the client sent no connection preface')
    if (given.length < length) return false
    this.#rest = this.#rest.subarray(length)
    this.#prefaceSeen = true
    return true
  }

  #frame(type: number, flags: number, streamId: number, payload: Uint8Array): ReceivedFrame | undefined {
    if (type === SETTINGS && (flags & 1) === 1) this.#acknowledged()
    if (type === HEADERS) this.#open = { flags, streamId, fragments: [payload] }
    else if (type === CONTINUATION) this.#open?.fragments.push(payload)
    else return { type, flags, streamId, payload, fields: NO_FIELDS }
    if (this.#open === undefined) throw new Error('the client sent CONTINUATION without HEADERS')
    if ((flags & END_HEADERS) === 0) return undefined
    const { flags: first, streamId: id, fragments } = this.#open
    this.#open = undefined
    const block = concat(fragments)
    const fields = this.#decoder.decode(block).map(([name, value]) => [name, value] as const)
    return { type: HEADERS, flags: first | END_HEADERS, streamId: id, payload: block, fields }
  }

  #acknowledged(): void {
    const size = this.#tableSizes.shift()
    if (size !== undefined) this.#decoder.setMaxTableSize(size)
  }
}
