/**
 * `ClientHttp2Session` as Node documents it: an emitter, its members and checks.
 * What it does is in `session-core.ts` and beside it. One rule: no private names
 * here, for libraries put properties on sessions and wrap them.
 */
import { AsyncResource } from 'node:async_hooks'
import { addAbortListener, EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'
import { inspect } from 'node:util'
import type { Recording } from '../../trace/index.ts'
import { CREATED } from './channels.ts'
import {
  checkBoolean,
  checkBytes,
  checkFunction,
  checkInteger,
  checkNumber,
  checkObject,
  checkSignal,
  outOfRange,
  wrongType,
} from './checks.ts'
import { abortError, pingLength, plainError, sessionError } from './errors.ts'
import { fromObject, fromPairs, type PreparedRequest } from './fields-out.ts'
import type { ConnectOptions } from './options.ts'
import { cancel, type PingCallback, type SettingsCallback } from './pending-answers.ts'
import { checkRequestPriority, type PriorityOptions } from './priority.ts'
import { startRequest } from './request-start.ts'
import { constants, SINCE_24 } from './runtime.ts'
import { SessionCore } from './session-core.ts'
import { sessionState } from './session-state.ts'
import { checkSettings, type Http2Settings } from './settings.ts'
import { guardedSocket } from './socket-proxy.ts'
import { ClientHttp2Stream, CORE } from './stream.ts'

const SESSION: unique symbol = Symbol('hyper.http2.session')
const UINT32 = 2 ** 32 - 1
const INT32 = 2 ** 31 - 1

/** Options of `request`. */
export interface RequestOptions extends PriorityOptions {
  endStream?: boolean | undefined
  waitForTrailers?: boolean | undefined
  signal?: AbortSignal | undefined
}

/** Methods whose requests have no content unless they say so. */
const WITHOUT_CONTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE'])

export class ClientHttp2Session extends EventEmitter {
  readonly [SESSION]: SessionCore
  /** As given to `setTimeout`. */
  timeout: number | undefined
  /** The guard of the socket: null before it is asked for. */
  declare guard: unknown

  constructor(socket: Duplex, options: ConnectOptions, authority: string, protocol: string) {
    super()
    this.timeout = undefined
    Object.defineProperty(this, 'guard', { value: null, writable: true, enumerable: false })
    const core = new SessionCore(this, socket, options, authority, protocol)
    this[SESSION] = core
    Object.defineProperty(this, SESSION, { value: core, enumerable: false })
  }

  get type(): number {
    return constants.NGHTTP2_SESSION_CLIENT
  }

  get encrypted(): boolean | undefined {
    return this[SESSION].encrypted
  }

  get alpnProtocol(): string | undefined {
    return this[SESSION].alpnProtocol
  }

  get originSet(): string[] | undefined {
    const core = this[SESSION]
    return core.encrypted !== true || core.destroyed ? undefined : core.origins.all()
  }

  get connecting(): boolean {
    return this[SESSION].connecting
  }

  get closed(): boolean {
    return this[SESSION].closed
  }

  get destroyed(): boolean {
    return this[SESSION].destroyed
  }

  get socket(): unknown {
    const core = this[SESSION]
    if (core.socket === undefined) return undefined
    this.guard ??= guardedSocket(this, (session) => session[SESSION].socket)
    return this.guard
  }

  get goawayCode(): number {
    return this[SESSION].goawayCode ?? constants.NGHTTP2_NO_ERROR
  }

  get goawayLastStreamID(): number {
    return this[SESSION].goawayLastStreamId ?? 0
  }

  get pendingSettingsAck(): boolean {
    return this[SESSION].answers.settingsPending > 0
  }

  get state(): object {
    const core = this[SESSION]
    return core.connecting || core.destroyed ? {} : sessionState(core)
  }

  /** Of this module: what was recorded, as a copy. Throws TypeError unless the option `record` was given. */
  recording(): Recording {
    const { recording } = this[SESSION]
    if (recording === undefined) throw new TypeError('nothing is recorded unless the option record is set')
    return recording.recording()
  }

  get localSettings(): Http2Settings {
    const core = this[SESSION]
    return core.connecting || core.destroyed ? {} : core.local.show()
  }

  get remoteSettings(): Http2Settings {
    const core = this[SESSION]
    return core.connecting || core.destroyed ? {} : core.remote.show()
  }

  /** Begins a request. Throws for what Node refuses; all else is an event of the stream. */
  request(headers?: object | readonly unknown[], options?: RequestOptions): ClientHttp2Stream {
    const core = this[SESSION]
    const refusal = refusalOf(core)
    if (refusal !== undefined && !SINCE_24) throw refusal
    core.idle.refresh()
    const prepared = prepare(headers, core)
    checkObject(options, 'options')
    const { waitForTrailers, signal, endStream, ...priority } = options ?? {}
    checkRequestPriority(priority)
    if (endStream !== undefined) checkBoolean(endStream, 'options.endStream')
    if (signal !== undefined && signal !== null) checkSignal(signal, 'options.signal')
    const ends = endStream ?? WITHOUT_CONTENT.has(prepared.method)
    const stream = new ClientHttp2Stream(core, false)
    const inner = stream[CORE]
    core.waiting.add(inner)
    inner.sent = prepared.sent
    inner.scheme = prepared.scheme
    inner.authority = prepared.authority
    inner.scope = new AsyncResource('PendingRequest')
    inner.waitsForTrailers = waitForTrailers === true
    if (ends) stream.end()
    if (signal) watch(stream, signal)
    const start = (): void => startRequest(core, inner, prepared, ends, priority.parent ?? 0)
    if (refusal !== undefined) process.nextTick(inner.scope.bind(() => void stream.destroy(refusal)))
    else if (core.connecting) core.whenConnected(inner.scope.bind(start))
    else start()
    if (CREATED.hasSubscribers) CREATED.publish({ stream, headers: stream.sentHeaders })
    return stream
  }

  /** False if it could not be sent: too many PINGs are out. */
  ping(payload: Uint8Array | PingCallback, callback?: PingCallback): boolean | undefined {
    const core = this[SESSION]
    if (core.destroyed) throw plainError('ERR_HTTP2_INVALID_SESSION')
    const [octets, told] = typeof payload === 'function' ? [undefined, payload] : [payload, callback]
    if (octets) {
      checkBytes(octets, 'payload')
      if (octets.byteLength !== 8) throw pingLength()
    }
    checkFunction(told, 'callback')
    if (!core.connecting && !core.closed) return core.answers.ping(octets || undefined, told!)
    process.nextTick(cancel, told!)
    return undefined
  }

  settings(settings: Http2Settings, callback?: SettingsCallback): void {
    const core = this[SESSION]
    if (core.destroyed) throw plainError('ERR_HTTP2_INVALID_SESSION')
    checkObject(settings, 'settings')
    const copy = { ...settings }
    checkSettings(copy)
    if (callback) checkFunction(callback, 'callback')
    core.answers.settingsPending += 1
    core.whenConnected(() => core.answers.sendSettings(copy, callback))
  }

  /** Says GOAWAY, and changes nothing else. */
  goaway(code: number = constants.NGHTTP2_NO_ERROR, lastStreamID = 0, opaqueData?: Uint8Array): void {
    const core = this[SESSION]
    if (core.destroyed) throw plainError('ERR_HTTP2_INVALID_SESSION')
    if (opaqueData !== undefined) checkBytes(opaqueData, 'opaqueData')
    checkNumber(code, 'code')
    checkNumber(lastStreamID, 'lastStreamID')
    core.whenConnected(() => {
      if (core.destroyed) return
      core.idle.refresh()
      const { engine } = core.wire!
      const data =
        opaqueData &&
        Uint8Array.from(new Uint8Array(opaqueData.buffer, opaqueData.byteOffset, opaqueData.byteLength))
      engine.goaway(code, lastStreamID > 0 ? lastStreamID : undefined, data)
      core.wire!.schedule()
    })
  }

  /** Takes no more requests, and ends when those it has are done. */
  close(callback?: () => void): void {
    const core = this[SESSION]
    if (core.closed || core.destroyed) return
    core.closed = true
    if (typeof callback === 'function') this.once('close', callback)
    this.goaway()
    core.destroyIfDone()
  }

  /** Ends now: every request too. */
  destroy(error?: Error | number | null, code?: number): void {
    const core = this[SESSION]
    if (core.destroyed) return
    let reason = typeof error === 'number' ? undefined : (error ?? undefined)
    let errorCode = typeof error === 'number' ? error : code
    if (typeof error === 'number' && error !== constants.NGHTTP2_NO_ERROR) reason = sessionError(error)
    errorCode ??= reason === undefined ? constants.NGHTTP2_NO_ERROR : constants.NGHTTP2_INTERNAL_ERROR
    core.ending.destroy(errorCode, reason)
  }

  setNextStreamID(id: number): void {
    const core = this[SESSION]
    if (core.destroyed) throw plainError('ERR_HTTP2_INVALID_SESSION')
    checkNumber(id, 'id')
    if (!(id > 0 && id <= UINT32)) throw outOfRange('id', `> 0 and <= ${UINT32}`, id)
    // RFC 9113 §5.1.1: ours are odd and ascend; another is ignored, as nghttp2 does.
    if (id % 2 === 1 && id >= core.nextStreamId) core.nextStreamId = id
  }

  /** The connection's window is `windowSize` at least: windows grow by themselves. */
  setLocalWindowSize(windowSize: number): void {
    const core = this[SESSION]
    if (core.destroyed) throw plainError('ERR_HTTP2_INVALID_SESSION')
    checkInteger(windowSize, 'windowSize', 0, INT32)
    core.windowSize = windowSize
    core.wire?.engine.raiseWindow(windowSize)
    core.wire?.schedule()
  }

  setTimeout(msecs: number, callback?: () => void): this {
    if (this.destroyed) return this
    this.timeout = msecs
    this[SESSION].idle.set(this, msecs, callback, () => this._onTimeout())
    return this
  }

  _onTimeout(): void {
    if (!this.destroyed) this.emit('timeout')
  }

  ref(): void {
    ;(this[SESSION].socket as { ref?(): void } | undefined)?.ref?.()
  }

  unref(): void {
    ;(this[SESSION].socket as { unref?(): void } | undefined)?.unref?.()
  }

  [Symbol.for('nodejs.rejection')](error: Error, event: string, ...given: unknown[]): void {
    if (event === 'stream') (given[0] as ClientHttp2Stream).destroy(error)
    else this.destroy(error)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.destroyed) return
    await new Promise<void>((resolve) => {
      this.once('close', resolve)
      this.close()
    })
  }

  [inspect.custom](depth: number): unknown {
    if (typeof depth === 'number' && depth < 0) return this
    const { type, closed, destroyed, state, localSettings, remoteSettings } = this
    return `Http2Session ${inspect({ type, closed, destroyed, state, localSettings, remoteSettings })}`
  }
}

/** Why a session takes no request. */
function refusalOf(core: SessionCore): Error | undefined {
  if (core.destroyed) return plainError('ERR_HTTP2_INVALID_SESSION')
  return core.closed ? plainError('ERR_HTTP2_GOAWAY_SESSION') : undefined
}

function prepare(headers: object | readonly unknown[] | undefined, core: SessionCore): PreparedRequest {
  const strict = core.options.strictSingleValueFields !== false
  if (Array.isArray(headers)) return fromPairs(headers, core, strict)
  if (headers === undefined) return fromObject({}, core, strict)
  if (headers !== null && typeof headers === 'object') return fromObject(headers, core, strict)
  throw wrongType('headers', ['Object', 'Array'], headers)
}

function watch(stream: ClientHttp2Stream, signal: AbortSignal): void {
  const abort = (): void => void stream.destroy(abortError(signal.reason))
  if (signal.aborted) {
    abort()
    return
  }
  const watching = addAbortListener(signal, abort)
  stream.once('close', () => watching[Symbol.dispose]())
}
