/**
 * One session between the engine, the socket that it adopted and the emitter
 * that its caller holds. One rule: nothing inside hangs on the public emitter,
 * for callers remove all listeners from it.
 */

import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import type {
  ConnectionSink,
  Failure,
  PromisedHead,
  PushedStream,
  SettingsEntries,
  StreamSink,
} from '../../protocol/index.ts'
import type { SessionFace, SessionPart, StreamPart, Telling } from './contract.ts'
import { plainError, protocolError, sessionError } from './errors.ts'
import { IdleTimeout } from './idle-timeout.ts'
import { type ConnectOptions, engineOptions } from './options.ts'
import { OriginSet } from './origin-set.ts'
import { outward } from './outward.ts'
import { PendingAnswers } from './pending-answers.ts'
import { acceptPush } from './pushes.ts'
import { constants } from './runtime.ts'
import { SessionEnding } from './session-ending.ts'
import { SessionRecording } from './session-recording.ts'
import { SettingsInForce } from './settings.ts'
import { StreamEndings } from './stream-endings.ts'
import { Wire } from './wire.ts'

const UINT32 = 2 ** 32 - 1
const MAX_HEADER_LIST = 65_535

/** Sockets that belong to a session. */
const bound = new WeakSet<Duplex>()

type MaybeTls = Duplex & {
  connecting?: boolean
  secureConnecting?: boolean
  encrypted?: boolean
  alpnProtocol?: string | false | null
  setNoDelay?(): void
  disableRenegotiation?(): void
}

export class SessionCore implements ConnectionSink, SessionPart {
  readonly session: SessionFace
  readonly options: ConnectOptions
  /** `:authority` of requests that name none, and the scheme with its colon. */
  readonly authority: string
  readonly protocol: string
  /** Undefined unless it was asked for. */
  readonly recording: SessionRecording | undefined
  readonly idle = new IdleTimeout()
  readonly #endings = new StreamEndings()
  readonly ending: SessionEnding
  readonly answers: PendingAnswers
  readonly local: SettingsInForce
  readonly remote: SettingsInForce
  readonly origins: OriginSet
  /** Streams with an identifier, and those that wait for the connection. */
  readonly streams = new Map<number, StreamPart>()
  readonly waiting = new Set<StreamPart>()
  /** Undefined once it was given up. */
  socket: Duplex | undefined
  /** Undefined until the socket is connected. */
  wire: Wire | undefined = undefined
  encrypted: boolean | undefined = undefined
  alpnProtocol: string | undefined = undefined
  closed = false
  destroyed = false
  goawayCode: number | null = null
  goawayLastStreamId: number | null = null
  destroyCode: number = constants.NGHTTP2_NO_ERROR
  /** The identifier of the next request. */
  nextStreamId = 1
  /** As asked for by `setLocalWindowSize`. */
  windowSize: number | undefined = undefined
  /** Called in order once the socket is connected. */
  #onConnect: (() => void)[] | undefined = []
  /** Streams that hold back what they have to tell, and what waits for them. */
  #holding = 0
  #behind: (() => void)[] = []
  readonly #onData: (chunk: Buffer) => void

  constructor(
    session: SessionFace,
    socket: Duplex,
    options: ConnectOptions,
    authority: string,
    protocol: string,
  ) {
    if (bound.has(socket)) throw plainError('ERR_HTTP2_SOCKET_BOUND')
    this.recording = SessionRecording.of(options.record, `${protocol}//${authority}`)
    bound.add(socket)
    this.session = session
    this.socket = socket
    this.options = options
    this.authority = authority
    this.protocol = protocol
    this.local = new SettingsInForce(
      Object.keys(options.settings?.customSettings ?? {}).map(Number),
      true,
      MAX_HEADER_LIST,
    )
    this.remote = new SettingsInForce(options.remoteCustomSettings ?? [], true, UINT32)
    this.origins = new OriginSet(this)
    this.answers = new PendingAnswers(this)
    this.ending = new SessionEnding(this)
    this.#onData = (chunk) => {
      this.idle.refresh()
      this.wire?.receive(chunk)
    }
    this.#adopt(socket)
  }

  get connecting(): boolean {
    return this.wire === undefined && this.#onConnect !== undefined
  }

  /** Takes the socket, at whatever stage it is. */
  #adopt(socket: MaybeTls): void {
    socket.on('error', (error) => this.ending.socketFailed(error))
    socket.on('close', () => this.ending.socketClosed())
    socket.setNoDelay?.()
    socket.disableRenegotiation?.()
    if (!socket.connecting && !socket.secureConnecting) {
      this.#setUp(socket)
      return
    }
    socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', () => {
      try {
        this.#setUp(socket)
      } catch (error) {
        socket.destroy(error as Error)
      }
    })
  }

  #setUp(socket: MaybeTls): void {
    if (!this.destroyed) {
      this.encrypted = socket.encrypted === true
      this.alpnProtocol = this.encrypted ? String(socket.alpnProtocol) : 'h2c'
      const settings = this.options.settings ?? {}
      this.recording?.connected(this.alpnProtocol)
      this.wire = new Wire(socket, engineOptions(this.options, settings), this, this.recording)
      this.answers.settingsSent(undefined)
      // A peer that ends its side of a socket that stays half open has left, too.
      socket.on('end', () => socket.end())
      socket.on('data', this.#onData)
    }
    process.nextTick(() => this.#connected(socket))
  }

  #connected(socket: Duplex): void {
    const waiting = this.#onConnect ?? []
    this.#onConnect = undefined
    for (const callback of waiting) callback()
    this.session.emit('connect', this.session, socket)
  }

  /** Calls back once the session is connected, or now. */
  whenConnected(callback: () => void): void {
    if (this.connecting) this.#onConnect!.push(callback)
    else callback()
  }

  /** Gives the socket up, and listens to it no more. */
  release(): void {
    const { socket } = this
    if (socket === undefined) return
    this.socket = undefined
    bound.delete(socket)
    socket.removeListener('data', this.#onData)
  }

  /** Emits an event from within the engine's call. */
  tell(event: string, ...given: unknown[]): void {
    outward(undefined, () => this.session.emit(event, ...given))
  }

  forget(core: StreamPart): void {
    this.waiting.delete(core)
    if (core.id !== undefined) this.streams.delete(core.id)
  }

  cancelAnswers(): void {
    this.answers.cancel()
  }

  closeStream(core: StreamPart, errorCode: number, telling: Telling): void {
    this.#endings.close(core, errorCode, telling)
  }

  streamDestroyed(core: StreamPart, error: Error | null): Error | null {
    return this.#endings.destroyed(core, error)
  }

  streamBroken(core: StreamPart, reason: Error): void {
    this.#endings.broken(core, reason)
  }

  misdirected(origin: string): void {
    this.origins.remove(origin)
  }

  /** Ends a session that is closed and has nothing left to do. */
  destroyIfDone(): void {
    if (!this.closed || this.streams.size > 0 || this.waiting.size > 0) return
    this.session.destroy()
  }

  held(): void {
    this.#holding += 1
  }

  released(): void {
    this.#holding -= 1
    if (this.#holding > 0 || this.#behind.length === 0) return
    // What streams were told last has its turn, too: an end, and what it destroys.
    queueMicrotask(() => process.nextTick(this.#goOn))
  }

  readonly #goOn = (): void => {
    if (this.#holding > 0) return
    for (const callback of this.#behind.splice(0)) callback()
  }

  /** Calls back once streams have told what came before: what ends the session ends none of it. */
  #behindStreams(callback: () => void): void {
    if (this.#holding === 0 && this.#behind.length === 0) callback()
    else this.#behind.push(callback)
  }

  // — the engine tells —

  onReady(): void {}

  onDraining(): void {}

  onNotice(): void {}

  onPong(token: number, roundTripTime: number): void {
    this.answers.ponged(token, roundTripTime)
  }

  onPeerSettings(entries: SettingsEntries): void {
    if (this.destroyed) return
    this.idle.refresh()
    this.remote.apply(entries)
    this.tell('remoteSettings', this.session.remoteSettings)
  }

  onSettingsAcknowledged(): void {
    if (!this.destroyed) this.answers.settingsAcknowledged()
  }

  onPeerPing(octets: Uint8Array): void {
    if (this.destroyed) return
    this.idle.refresh()
    this.tell('ping', Buffer.from(octets))
  }

  onPeerGoaway(lastStreamId: number, errorCode: number, debugData: Uint8Array): void {
    this.#behindStreams(() => this.#peerGoaway(lastStreamId, errorCode, debugData))
  }

  #peerGoaway(lastStreamId: number, errorCode: number, debugData: Uint8Array): void {
    if (this.destroyed) return
    this.goawayCode = errorCode
    this.goawayLastStreamId = lastStreamId
    const opaque = debugData.length === 0 ? undefined : Buffer.from(debugData)
    this.tell('goaway', errorCode, lastStreamId, opaque)
    if (errorCode === constants.NGHTTP2_NO_ERROR) this.session.close()
    else this.session.destroy(sessionError(errorCode), constants.NGHTTP2_NO_ERROR)
  }

  onAltSvc(streamId: number, origin: string, value: string): void {
    if (this.destroyed) return
    this.idle.refresh()
    this.tell('altsvc', value, origin, streamId)
  }

  onOrigin(origins: readonly string[]): void {
    if (this.destroyed) return
    this.idle.refresh()
    if (this.encrypted !== true) return
    this.origins.add(origins)
    this.tell('origin', [...origins])
  }

  onClosed(failure: Failure | undefined): void {
    this.#behindStreams(() => this.#closed(failure))
  }

  #closed(failure: Failure | undefined): void {
    if (this.destroyed) return
    if (failure === undefined || failure.initiator === 'peer') this.session.destroy()
    else this.session.destroy(endOf(failure), failure.errorCode)
  }

  /** A promised request, if somebody listens for it. */
  accept(stream: PushedStream, head: PromisedHead): StreamSink | undefined {
    return acceptPush(this, stream, head)
  }
}

/** The error of a connection that we ended. */
function endOf(failure: Failure): Error {
  if (!failure.kind?.startsWith('TIMEOUT'))
    return protocolError(failure.errorCode, failure.reason, failure.cause)
  return Object.assign(new Error(failure.reason), { code: 'ETIMEDOUT' })
}
