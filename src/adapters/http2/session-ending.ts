/**
 * How a session ends, and its socket with it. One rule: streams first, then
 * what waits for answers, then GOAWAY, then the socket; `error` and `close`
 * last, each once.
 */

import type { Duplex } from 'node:stream'
import type { SessionPart } from './contract.ts'
import { plainError, streamCancel } from './errors.ts'
import { constants } from './runtime.ts'

/** Milliseconds that a peer has to take our last octets and to close its side. */
const LINGER_MS = 2_000

export class SessionEnding {
  readonly #core: SessionPart
  #finished = false

  constructor(core: SessionPart) {
    this.#core = core
  }

  /** Ends the session now. */
  destroy(errorCode: number, error: Error | undefined): void {
    const core = this.#core
    const { wire, session, socket } = core
    core.destroyed = true
    core.destroyCode = errorCode
    core.idle.clear()
    session.removeAllListeners('timeout')
    const waiting = [...core.waiting]
    const open = [...core.streams.values()]
    const cancelled = waiting.length > 0 ? streamCancel(error) : undefined
    for (const { stream } of waiting) stream.destroy(cancelled)
    for (const { stream } of open) stream.destroy(error)
    core.cancelAnswers()
    wire?.engine.destroy({
      scope: 'connection',
      initiator: 'user',
      errorCode,
      reason: '',
      processed: 'unknown',
    })
    if (wire === undefined || socket === undefined || socket.destroyed) {
      this.#finish(error)
      return
    }
    wire.onDrained = () => this.#finish(error)
    wire.schedule()
    this.#linger(socket)
  }

  /** A peer that takes nothing any more, or does not close its side, does not keep the socket. */
  #linger(socket: Duplex): void {
    const { writableLength } = socket
    const timer = setTimeout(() => {
      if (socket.writableLength > 0 && socket.writableLength < writableLength) this.#linger(socket)
      else socket.destroy()
    }, LINGER_MS)
    timer.unref()
    socket.once('close', () => clearTimeout(timer))
  }

  #finish(error: Error | undefined): void {
    if (this.#finished) return
    this.#finished = true
    const core = this.#core
    const { socket, session } = core
    core.wire?.stop()
    core.release()
    const tell = (): void => {
      if (error !== undefined) session.emit('error', error)
      session.emit('close')
    }
    if (socket === undefined || socket.destroyed) {
      process.nextTick(tell)
      return
    }
    socket.once('close', tell)
    if (core.wire === undefined) this.#linger(socket)
    socket.resume()
    socket.end(() => {
      // The peer closes a session that was closed; one that was destroyed waits for nobody.
      if (!core.closed) setImmediate(() => socket.destroy(error))
    })
  }

  // — the socket tells —

  socketFailed(error: NodeJS.ErrnoException): void {
    const { socket, goawayCode, session } = this.#core
    // What cannot be written is told by the close that follows, as it is to Node, which writes beneath the socket.
    if (socket === undefined || error.syscall === 'write') return
    // A peer that said GOAWAY may reset the connection.
    if (error.code === 'ECONNRESET' && goawayCode !== null) session.destroy()
    else session.destroy(error)
  }

  socketClosed(): void {
    const core = this.#core
    const { socket, session } = core
    if (socket === undefined) return
    const error = core.connecting ? plainError('ERR_SOCKET_CLOSED') : undefined
    for (const { stream } of [...core.streams.values(), ...core.waiting])
      stream.close(constants.NGHTTP2_CANCEL)
    session.close()
    if (core.destroyed) this.#finish(error)
    else this.destroy(constants.NGHTTP2_NO_ERROR, error)
  }
}
