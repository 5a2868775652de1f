/**
 * A server for the soak: every request is answered at once by bytes that are
 * made once, every octet of content is credited at once, and its books say what
 * each side may still send. Does nothing else, so that the client is what runs.
 */
import type { Dial, Transport, TransportHandler } from '../../src/transport/transport.ts'
import { concat, PREFACE, uint32 } from '../support/wire.ts'

const DATA = 0
const HEADERS = 1
const SETTINGS = 4
const PING = 6
const WINDOW_UPDATE = 8

/** `:status: 200` from the static table of HPACK. */
const OK = Uint8Array.of(0x88)
const CONTENT = new Uint8Array(100)

export class SoakServer {
  /** Octets that we may send on the connection. */
  window = 65_535
  requests = 0
  #rest: Uint8Array = new Uint8Array()
  #prefaceSeen = false
  #out: Uint8Array[] = []
  #handler: TransportHandler | undefined
  #delivering = false

  readonly dial: Dial = async () => {
    const transport: Transport = {
      alpn: undefined,
      info: {},
      start: (handler) => {
        this.#handler = handler
        this.#send(frame(SETTINGS, 0, 0, new Uint8Array()))
      },
      write: (chunk, done) => {
        this.#received(chunk.slice())
        queueMicrotask(done)
      },
      end: () => this.#handler!.onEnd(),
      destroy: () => queueMicrotask(() => this.#handler!.onClosed(undefined)),
      ref() {},
      unref() {},
    }
    return transport
  }

  #received(chunk: Uint8Array): void {
    let bytes = this.#rest.length === 0 ? chunk : concat(this.#rest, chunk)
    if (!this.#prefaceSeen) bytes = bytes.subarray(PREFACE.length)
    this.#prefaceSeen = true
    let at = 0
    while (bytes.length - at >= 9) {
      const length = uint32At(bytes, at) >>> 8
      if (bytes.length - at < 9 + length) break
      const payload = bytes.subarray(at + 9, at + 9 + length)
      this.#frame(bytes[at + 3]!, bytes[at + 4]!, uint32At(bytes, at + 5), payload)
      at += 9 + length
    }
    this.#rest = bytes.slice(at)
  }

  #frame(type: number, flags: number, streamId: number, payload: Uint8Array): void {
    if (type === HEADERS) this.#answer(streamId)
    else if (type === DATA && payload.length > 0)
      this.#send(frame(WINDOW_UPDATE, 0, 0, uint32(payload.length)))
    else if (type === WINDOW_UPDATE && streamId === 0) this.window += uint32At(payload)
    else if (type === PING && flags === 0) this.#send(frame(PING, 1, 0, payload.slice()))
    else if (type === SETTINGS && flags === 0) this.#send(frame(SETTINGS, 1, 0, new Uint8Array()))
  }

  /** The head and some content, never the end: whoever made it has to give it up. */
  #answer(streamId: number): void {
    this.requests += 1
    this.#send(frame(HEADERS, 4, streamId, OK))
    if (this.window < CONTENT.length) return
    this.window -= CONTENT.length
    this.#send(frame(DATA, 0, streamId, CONTENT))
  }

  #send(bytes: Uint8Array): void {
    this.#out.push(bytes)
    if (this.#delivering) return
    this.#delivering = true
    queueMicrotask(() => {
      this.#delivering = false
      const all = concat(...this.#out)
      this.#out = []
      this.#handler!.onChunk(all)
    })
  }
}

function frame(type: number, flags: number, streamId: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(9 + payload.length)
  new DataView(bytes.buffer).setUint32(0, payload.length * 256 + type)
  bytes[4] = flags
  new DataView(bytes.buffer).setUint32(5, streamId)
  bytes.set(payload, 9)
  return bytes
}

function uint32At(bytes: Uint8Array, at = 0): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
}
