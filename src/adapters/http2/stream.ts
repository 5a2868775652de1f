/**
 * `ClientHttp2Stream` as Node documents it: a Duplex, its members and checks.
 * What it does is in `stream-core.ts`. One rule: no private names here, for
 * libraries wrap streams in a Proxy.
 */

import { Duplex } from 'node:stream'
import { inspect } from 'node:util'
import { BODY_CHUNK_SENT, BODY_SENT } from './channels.ts'
import { checkFunction, checkInteger, checkObject } from './checks.ts'
import type { SessionPart, StreamFace } from './contract.ts'
import { plainError, streamError } from './errors.ts'
import { type OutgoingFields, trailerSection } from './fields-out.ts'
import { IdleTimeout } from './idle-timeout.ts'
import { checkPriority, type PriorityOptions } from './priority.ts'
import { constants } from './runtime.ts'
import { StreamCore } from './stream-core.ts'

export const CORE: unique symbol = Symbol('hyper.http2.stream')

const UINT32 = 2 ** 32 - 1

export class ClientHttp2Stream extends Duplex implements StreamFace {
  readonly [CORE]: StreamCore
  /** As given to `setTimeout`. */
  declare timeout: number | undefined

  constructor(session: SessionPart, pushed: boolean) {
    super({ allowHalfOpen: true, autoDestroy: false, decodeStrings: false })
    // Writes wait until there is an identifier.
    this.cork()
    this[CORE] = new StreamCore(this, session, pushed)
  }

  /** The identifier; undefined while the session connects. */
  get id(): number | undefined {
    return this[CORE].id
  }

  get session(): object | undefined {
    return this[CORE].session?.session
  }

  get pending(): boolean {
    return this[CORE].pending
  }

  get aborted(): boolean {
    return this[CORE].aborted
  }

  get rstCode(): number {
    return this[CORE].rstCode
  }

  get headersSent(): boolean {
    return true
  }

  get headRequest(): boolean {
    return false
  }

  get endAfterHeaders(): boolean {
    return this[CORE].endAfterHeaders
  }

  get bufferSize(): number {
    return this[CORE].inFlight + this.writableLength
  }

  get sentHeaders(): OutgoingFields | undefined {
    return this[CORE].sent?.object
  }

  get sentTrailers(): OutgoingFields | undefined {
    return this[CORE].sentTrailers
  }

  get sentInfoHeaders(): undefined {
    return undefined
  }

  get state(): object {
    const core = this[CORE]
    if (this.destroyed || core.id === undefined) return {}
    const { localEnded, remoteEnded } = core
    const open = constants.NGHTTP2_STREAM_STATE_OPEN
    const half = remoteEnded
      ? constants.NGHTTP2_STREAM_STATE_HALF_CLOSED_REMOTE
      : constants.NGHTTP2_STREAM_STATE_HALF_CLOSED_LOCAL
    const over = localEnded && remoteEnded
    return {
      state: over ? constants.NGHTTP2_STREAM_STATE_CLOSED : localEnded || remoteEnded ? half : open,
      weight: constants.NGHTTP2_DEFAULT_WEIGHT,
      sumDependencyWeight: 0,
      localClose: localEnded ? 1 : 0,
      remoteClose: remoteEnded ? 1 : 0,
      localWindowSize: core.session?.local.show().initialWindowSize,
    }
  }

  /** Checked as Node does, and without effect: RFC 9113 §5.3.2 has no such priorities. */
  priority(options?: PriorityOptions): void {
    if (this.destroyed) throw plainError('ERR_HTTP2_INVALID_STREAM')
    checkPriority(options)
  }

  sendTrailers(headers: OutgoingFields): void {
    const core = this[CORE]
    if (this.destroyed || this.closed) throw plainError('ERR_HTTP2_INVALID_STREAM')
    if (core.sentTrailers !== undefined) throw plainError('ERR_HTTP2_TRAILERS_ALREADY_SENT')
    if (!core.trailersReady) throw plainError('ERR_HTTP2_TRAILERS_NOT_READY')
    checkObject(headers, 'headers')
    const sent: OutgoingFields = Object.assign(Object.create(null), headers)
    const { fields, sendable } = trailerSection(sent)
    core.touch()
    core.sentTrailers = sent
    setImmediate(() => {
      if (sendable) core.endWith(fields)
      else if (!this.destroyed) this.destroy(streamError(constants.NGHTTP2_PROTOCOL_ERROR))
    })
  }

  close(code: number = constants.NGHTTP2_NO_ERROR, callback?: () => void): void {
    checkInteger(code, 'code', 0, UINT32)
    if (callback !== undefined) checkFunction(callback, 'callback')
    if (this.closed) return
    if (callback !== undefined) this.once('close', callback)
    const core = this[CORE]
    core.session?.closeStream(core, code, 'when written')
  }

  setTimeout(msecs: number, callback?: () => void): this {
    if (this.destroyed) return this
    this.timeout = msecs
    const core = this[CORE]
    core.idle ??= new IdleTimeout()
    core.idle.set(this, msecs, callback, () => this._onTimeout())
    core.session?.idle.refresh()
    return this
  }

  _onTimeout(): void {
    if (this.destroyed) return
    this.emit('timeout')
  }

  override _write(
    chunk: Buffer | string,
    encoding: BufferEncoding,
    callback: (error?: Error | null) => void,
  ): void {
    this[CORE].write([bytesOf(chunk, encoding)], chunk.length, callback)
    if (BODY_CHUNK_SENT.hasSubscribers)
      BODY_CHUNK_SENT.publish({ stream: this, writev: false, data: chunk, encoding })
  }

  override _writev(
    chunks: { chunk: Buffer | string; encoding: BufferEncoding }[],
    callback: (error?: Error | null) => void,
  ): void {
    const bytes = chunks.map(({ chunk, encoding }) => bytesOf(chunk, encoding))
    const length = chunks.reduce((sum, { chunk }) => sum + chunk.length, 0)
    this[CORE].write(bytes, length, callback)
    if (BODY_CHUNK_SENT.hasSubscribers)
      BODY_CHUNK_SENT.publish({ stream: this, writev: true, data: chunks, encoding: '' })
  }

  override _final(callback: (error?: Error | null) => void): void {
    const core = this[CORE]
    core.whenReady(() => {
      core.shutDown()
      this.on('finish', core.whenDone)
      callback()
      if (BODY_SENT.hasSubscribers) BODY_SENT.publish({ stream: this })
    })
  }

  override _read(): void {
    if (this.destroyed) this.push(null)
    else this[CORE].read()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const core = this[CORE]
    callback(core.session === undefined ? error : core.session.streamDestroyed(core, error ?? null))
  }

  [inspect.custom](depth: number): unknown {
    if (typeof depth === 'number' && depth < 0) return this
    const { id = '<pending>', closed, destroyed, state } = this
    return `Http2Stream ${inspect({ id, closed, destroyed, state })}`
  }
}

// Duplex has a property of this name, in whose place a class may not put an accessor.
Object.defineProperty(ClientHttp2Stream.prototype, 'closed', {
  get(this: ClientHttp2Stream): boolean {
    return this[CORE].closed
  },
  configurable: true,
})

function bytesOf(chunk: Buffer | string, encoding: BufferEncoding): Uint8Array {
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk
}
