/**
 * A transport over one of Node's sockets. It listens from the moment the socket
 * exists, so that nothing is lost between dial and `start`, and reads into a
 * buffer that is used again for every chunk.
 */
import type { OnReadOpts, Socket } from 'node:net'
import { brokenTls } from './dial-failure.ts'
import { FinalWords } from './final-words.ts'
import type { Forwarding, Transport, TransportHandler, TransportInfo } from './transport.ts'

/** TCP fills it in one read; a TLS record is at most a quarter of it. */
const READ_SIZE = 64 * 1024

/**
 * One buffer serves all connections: a read is told before another begins. Not
 * on Windows, where the system fills the buffers of many sockets at a time.
 */
let shared: Uint8Array | undefined

function readBuffer(): Uint8Array {
  if (process.platform === 'win32') return new Uint8Array(READ_SIZE)
  shared ??= new Uint8Array(READ_SIZE)
  return shared
}

/** Opens the socket, which must be given `onread`. */
export type OpenSocket = (onread: OnReadOpts) => Socket

export class NodeSocket implements Transport {
  /** The socket, for the steps of the dial. Nobody reads it after that. */
  readonly socket: Socket
  /** Set once by the dial, when the connection stands. */
  alpn: string | undefined = undefined
  /** Set once by the dial, when the connection stands. */
  info: TransportInfo = {}
  /** Set once by the dial, when the connection stands. */
  forwarding: Forwarding | undefined = undefined
  /** True if the socket reads into our buffer: there are no `data` events then. */
  readonly #reads: boolean
  #handler: TransportHandler | undefined = undefined
  /** Copies of what arrived before `start`; empty ever after. */
  #early: Uint8Array[] = []
  /** What to call when the write in flight is done. */
  #done: (() => void) | undefined = undefined
  readonly #onWritten: () => void
  readonly #finalWords: FinalWords
  #peerEnded = false
  #ending = false
  /** True from the socket's `close` on, which is its last event. */
  #closed = false
  #error: Error | undefined = undefined

  /**
   * Takes a way to open a socket, or a socket that is open already. The second
   * is read by `data` events: Node offers `onread` only where it connects itself.
   */
  constructor(source: OpenSocket | Socket) {
    this.#onWritten = () => this.#written()
    this.#reads = typeof source === 'function'
    this.socket = typeof source === 'function' ? source(this.#onread()) : source
    this.#finalWords = new FinalWords(this.socket)
    this.socket.on('error', (error) => {
      this.#error ??= error
      // An alert that comes after the handshake breaks a connection, and Node leaves it open.
      this.socket.destroy()
    })
    this.socket.on('end', () => this.#ended())
    this.socket.on('close', () => this.#close())
  }

  start(handler: TransportHandler): void {
    if (this.#handler !== undefined) throw new Error('transport was started before')
    this.#handler = handler
    const early = this.#early
    this.#early = []
    for (let i = 0; i < early.length && !this.socket.destroyed; i++) handler.onChunk(early[i]!)
    if (this.#peerEnded && !this.socket.destroyed) handler.onEnd()
    if (this.#closed) {
      handler.onClosed(this.#why)
      return
    }
    if (!this.#reads) this.socket.on('data', (chunk) => this.#told(chunk))
    this.socket.resume()
  }

  write(chunk: Uint8Array, done: () => void): void {
    if (this.#ending || this.socket.destroyed || this.#finalWords.failure !== undefined) return
    if (this.#done !== undefined) throw new Error('write before the last one was done')
    this.#done = done
    this.socket.write(chunk, this.#onWritten)
  }

  end(): void {
    if (this.#ending || this.socket.destroyed) return
    this.#ending = true
    this.socket.end()
  }

  destroy(): void {
    this.socket.destroy()
  }

  pause(): void {
    this.socket.pause()
  }

  resume(): void {
    this.socket.resume()
  }

  ref(): void {
    this.socket.ref()
  }

  unref(): void {
    this.socket.unref()
  }

  #onread(): OnReadOpts {
    const buffer = readBuffer()
    return { buffer, callback: (count) => this.#received(buffer, count) }
  }

  /** Returns whether to go on reading. */
  #received(buffer: Uint8Array, count: number): boolean {
    if (this.#handler === undefined) {
      this.#early.push(buffer.slice(0, count))
      return false
    }
    this.#told(count === buffer.length ? buffer : buffer.subarray(0, count))
    return true
  }

  #told(chunk: Uint8Array): void {
    if (this.#finalWords.failure !== undefined) this.#finalWords.heard()
    this.#handler!.onChunk(chunk)
  }

  #written(): void {
    const done = this.#done
    this.#done = undefined
    if (this.#finalWords.failure !== undefined) return
    if (done !== undefined && !this.socket.destroyed) done()
  }

  #ended(): void {
    if (this.#finalWords.failure !== undefined) {
      this.socket.destroy()
      return
    }
    this.#peerEnded = true
    this.#handler?.onEnd()
  }

  #close(): void {
    this.#closed = true
    this.#done = undefined
    this.#finalWords.over()
    this.#error ??= this.#finalWords.failure
    this.#handler?.onClosed(this.#why)
  }

  /** What it broke with, in words of ours if it was TLS. */
  get #why(): Error | undefined {
    return this.#error === undefined ? undefined : brokenTls(this.#error)
  }
}
