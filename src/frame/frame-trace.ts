/**
 * A described line per frame of a stream of bytes that someone else reads or
 * writes. One rule: it only looks (RFC 9113 §4.1); nothing that arrives is an
 * error, and of a payload only the octets that a line can show are kept.
 */
import { readUint24 } from '../bytes.ts'
import { DESCRIBED_PAYLOAD, describe } from './describe.ts'
import { CONNECTION_PREFACE, FRAME_HEADER_SIZE } from './registry.ts'

export interface FrameTraceOptions {
  /** True for the bytes of a client: they begin with the 24 octets of RFC 9113 §3.4. Default false. */
  readonly preface?: boolean
}

/**
 * Cuts bytes into frames, whatever the chunks, and gives a line for each.
 *
 * @example
 * const trace = new FrameTrace((text) => console.log('recv', text))
 * socket.on('data', (chunk) => trace.receive(chunk))
 */
export class FrameTrace {
  readonly #line: (text: string) => void
  /** The frame header and as much of the payload as is kept; `#have` octets so far. */
  readonly #kept: Uint8Array
  #have: number
  /** Octets until the line can be given: those of a header, or more once it is known. */
  #wanted: number
  /** Payload octets still to pass by behind a line that was given. */
  #passing: number
  /** How much of the client's preface is still to come. */
  #preface: number
  /** True once the bytes turned out not to be HTTP/2. Final. */
  #stopped: boolean

  constructor(line: (text: string) => void, options: FrameTraceOptions = {}) {
    this.#line = line
    this.#kept = new Uint8Array(FRAME_HEADER_SIZE + DESCRIBED_PAYLOAD)
    this.#have = 0
    this.#wanted = FRAME_HEADER_SIZE
    this.#passing = 0
    this.#preface = options.preface === true ? CONNECTION_PREFACE.length : 0
    this.#stopped = false
  }

  /** Takes the next bytes. They are borrowed for the call. */
  receive(chunk: Uint8Array): void {
    if (this.#stopped) return
    let at = this.#preface > 0 ? this.#readPreface(chunk) : 0
    while (at < chunk.length) {
      if (this.#passing > 0) {
        const passed = Math.min(this.#passing, chunk.length - at)
        this.#passing -= passed
        at += passed
      } else {
        at = this.#readFrame(chunk, at)
      }
    }
  }

  #readPreface(chunk: Uint8Array): number {
    let at = 0
    while (at < chunk.length && this.#preface > 0) {
      if (chunk[at++] !== CONNECTION_PREFACE[CONNECTION_PREFACE.length - this.#preface]) {
        this.#stopped = true
        this.#line('not the connection preface (RFC 9113 §3.4), nothing more is traced')
        return chunk.length
      }
      this.#preface--
    }
    if (this.#preface === 0) this.#line('PREFACE len=24')
    return at
  }

  #readFrame(chunk: Uint8Array, from: number): number {
    const taken = Math.min(this.#wanted - this.#have, chunk.length - from)
    this.#kept.set(chunk.subarray(from, from + taken), this.#have)
    this.#have += taken
    if (this.#have < this.#wanted) return from + taken
    const length = readUint24(this.#kept, 0)
    const wanted = FRAME_HEADER_SIZE + Math.min(length, DESCRIBED_PAYLOAD)
    if (this.#wanted < wanted) {
      this.#wanted = wanted
      return from + taken
    }
    this.#passing = FRAME_HEADER_SIZE + length - wanted
    this.#have = 0
    this.#wanted = FRAME_HEADER_SIZE
    this.#line(describe(this.#kept.subarray(0, wanted)))
    return from + taken
  }
}
