/**
 * A transport as a stream of Node, for `node:http`. Its one rule: what arrived
 * is handed on at once or waits here, so that at any moment it is known whether
 * bytes came that nobody awaits. For that the last octet of a chunk goes alone:
 * a message that is complete before it has something behind it.
 */
import { Duplex } from 'node:stream'
import type { Transport, TransportHandler } from './transport.ts'

/** Octets up to which what is written together is joined. */
const WRITE_SIZE = 65_536

/** Who knows what the bytes mean. */
export interface DuplexOwner {
  /** True if the peer may send something now. */
  readonly awaiting: boolean
  /** The peer sent something that nobody awaits; the stream takes no more. */
  onStray(): void
  /** Something is handed to the transport. */
  onWriting(): void
  /** The peer sends no more, and all it sent is in memory. */
  onPeerEnd(): void
  /** The transport is gone. */
  onTransportClosed(): void
}

export class TransportDuplex extends Duplex implements TransportHandler {
  bytesReceived: number
  bytesSent: number
  /** What the transport broke with. */
  broken: Error | undefined
  /** True from the transport's `onClosed` on. */
  transportClosed: boolean
  readonly #transport: Transport
  readonly #owner: DuplexOwner
  /** Chunks that arrived while nobody read. */
  readonly #waiting: Uint8Array[]
  #paused: boolean
  /** The peer sends no more. */
  #peerEnded: boolean
  /** The reader was told so. */
  #endGiven: boolean

  constructor(transport: Transport, owner: DuplexOwner) {
    super({ allowHalfOpen: false, autoDestroy: false })
    this.bytesReceived = 0
    this.bytesSent = 0
    this.broken = undefined
    this.transportClosed = false
    this.#transport = transport
    this.#owner = owner
    this.#waiting = []
    this.#paused = false
    this.#peerEnded = false
    this.#endGiven = false
    // What was put back by a pause is read first, then what waits here.
    this.on('resume', () => process.nextTick(this.#hand))
    this.on('error', () => {})
    // Reading goes on between requests, or an end would not be noticed.
    this.resume()
  }

  // — the transport tells —

  onChunk(chunk: Uint8Array): void {
    if (this.destroyed || chunk.length === 0) return
    this.bytesReceived += chunk.length
    this.#waiting.push(new Uint8Array(chunk))
    this.#hand()
    if (this.#waiting.length > 0 && !this.#paused) {
      this.#paused = true
      this.#transport.pause?.()
    }
  }

  onEnd(): void {
    if (this.destroyed) return
    this.#peerEnded = true
    this.#owner.onPeerEnd()
    this.#hand()
  }

  onClosed(error: Error | undefined): void {
    this.transportClosed = true
    this.broken = error
    // After an end in good order what waits is still read.
    if (error !== undefined || !this.#peerEnded || this.readableEnded) this.destroy(error)
    else this.once('end', () => this.destroy())
    this.#owner.onTransportClosed()
  }

  // — in —

  /** Hands on what waits, as long as it is taken at once. */
  readonly #hand = (): void => {
    while (this.readableFlowing === true && this.readableLength === 0 && !this.destroyed) {
      const chunk = this.#waiting.shift()
      if (chunk === undefined) break
      this.#handChunk(chunk)
    }
    if (this.#waiting.length > 0 || this.destroyed) return
    if (this.#paused) {
      this.#paused = false
      this.#transport.resume?.()
    }
    if (this.#peerEnded && !this.#endGiven) {
      this.#endGiven = true
      this.push(null)
    }
  }

  #handChunk(chunk: Uint8Array): void {
    const last = chunk.length - 1
    if (this.#owner.awaiting && last > 0) this.push(chunk.subarray(0, last))
    if (this.destroyed) return
    if (this.#owner.awaiting) this.push(chunk.subarray(last))
    else {
      this.#waiting.length = 0
      this.#owner.onStray()
    }
  }

  /** Nothing is fetched: bytes come when they come. */
  override _read(): void {}

  // — out —

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#send(chunk, done)
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    const pieces = joined(chunks.map(({ chunk }) => chunk))
    let next = 0
    const send = (): void => {
      if (next < pieces.length) this.#send(pieces[next++]!, send)
      else done()
    }
    send()
  }

  #send(chunk: Uint8Array, done: () => void): void {
    if (chunk.length === 0) {
      done()
      return
    }
    this.bytesSent += chunk.length
    this.#owner.onWriting()
    this.#transport.write(chunk, done)
  }

  override _final(done: () => void): void {
    this.#transport.end()
    done()
  }

  /** As sockets have it: the end, once everything is written. */
  destroySoon(): void {
    this.end()
  }

  /** What keeps the process alive is not for `node:http` to say. */
  ref(): void {}

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.transportClosed) this.#transport.destroy()
    done(error)
  }
}

/** Joins neighbours that are small together. */
function joined(chunks: readonly Uint8Array[]): Uint8Array[] {
  const pieces: Uint8Array[] = []
  let group: Uint8Array[] = []
  let size = 0
  const close = (): void => {
    if (group.length > 0) pieces.push(group.length === 1 ? group[0]! : Buffer.concat(group, size))
    group = []
    size = 0
  }
  for (const chunk of chunks) {
    if (size + chunk.length > WRITE_SIZE) close()
    group.push(chunk)
    size += chunk.length
  }
  close()
  return pieces
}
