/**
 * What a peer said before it left. Its one rule: a write that fails ends the
 * writing alone. Node destroys a socket whose write failed, and with it what
 * arrived and was not read yet, such as the GOAWAY that says why.
 */
import type { Socket } from 'node:net'

/** Milliseconds without a word after which nothing more is expected; a reader that pauses has its time. */
const SILENCE_MS = 1_000

type Write = (chunk: unknown, encoding: BufferEncoding, done: (error?: Error | null) => void) => void

export class FinalWords {
  readonly #socket: Socket
  /** What the write failed with. */
  #failure: Error | undefined
  #timer: NodeJS.Timeout | undefined

  /** Takes a socket before anything is written to it. */
  constructor(socket: Socket) {
    this.#socket = socket
    this.#failure = undefined
    this.#timer = undefined
    const write: Write = socket._write
    const hidden: Write = (chunk, encoding, done) => {
      write.call(socket, chunk, encoding, (error) => {
        if (error && !socket.destroyed) this.#failed(error)
        done()
      })
    }
    socket._write = hidden
  }

  /** What a write failed with, undefined as long as none has. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** The peer said something. */
  heard(): void {
    this.#timer?.refresh()
  }

  /** The socket is gone. */
  over(): void {
    clearTimeout(this.#timer)
  }

  #failed(error: Error): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    if (this.#socket.readableEnded) this.#socket.destroy()
    else this.#timer = setTimeout(() => this.#silent(), SILENCE_MS).unref()
  }

  #silent(): void {
    if (this.#socket.isPaused()) this.#timer?.refresh()
    else this.#socket.destroy()
  }
}
