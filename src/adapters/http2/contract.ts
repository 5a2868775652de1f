/**
 * What the parts of a session and of a stream ask of each other, and of the
 * emitters that callers hold. Types only, so that no part needs another's file.
 */
import type { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'
import type { PromisedHead, PushedStream, StreamSink } from '../../protocol/index.ts'
import type { DeliveryCounter } from './deliveries.ts'
import type { IdleTimeout } from './idle-timeout.ts'
import type { ConnectOptions } from './options.ts'
import type { Http2Settings, SettingsInForce } from './settings.ts'
import type { Wire } from './wire.ts'

/** The session that a caller holds. */
export interface SessionFace extends EventEmitter {
  readonly localSettings: Http2Settings
  readonly remoteSettings: Http2Settings
  close(): void
  destroy(error?: Error | number | null, code?: number): void
}

/** The stream that a caller holds. */
export interface StreamFace extends Duplex {
  close(code?: number): void
  sendTrailers(headers: Record<string | symbol, unknown>): void
}

/** The inside of a stream. */
export interface StreamPart {
  readonly stream: StreamFace
  readonly session: SessionPart | undefined
  readonly idle: IdleTimeout | undefined
  readonly id: number | undefined
  readonly pending: boolean
  readonly pushed: boolean
  readonly responded: boolean
  closed: boolean
  aborted: boolean
  rstCode: number
  /** There is a stream of the engine's. */
  readonly opened: boolean
  /** The stream is destroyed: nothing is told and asked any more. */
  detach(): void
  whenReady(callback: () => void): void
  reset(errorCode: number): void
}

/** Whether the peer is told of an end: not, when the request is written, at once. */
export type Telling = 'silent' | 'when written' | 'now'

/** The inside of a session. */
export interface SessionPart extends DeliveryCounter {
  readonly session: SessionFace
  readonly options: ConnectOptions
  readonly idle: IdleTimeout
  readonly local: SettingsInForce
  readonly streams: Map<number, StreamPart>
  readonly waiting: Set<StreamPart>
  readonly socket: Duplex | undefined
  readonly wire: Wire | undefined
  readonly encrypted: boolean | undefined
  readonly connecting: boolean
  readonly closed: boolean
  destroyed: boolean
  destroyCode: number
  readonly goawayCode: number | null
  readonly goawayLastStreamId: number | null
  readonly windowSize: number | undefined
  nextStreamId: number
  tell(event: string, ...given: unknown[]): void
  forget(stream: StreamPart): void
  release(): void
  destroyIfDone(): void
  /** Ends what waits for an answer. */
  cancelAnswers(): void
  closeStream(stream: StreamPart, errorCode: number, telling: Telling): void
  /** What of `_destroy` is not the Duplex's own. Returns the error to be emitted. */
  streamDestroyed(stream: StreamPart, error: Error | null): Error | null
  /** Notes why a stream ends, for the error that is made of it. */
  streamBroken(stream: StreamPart, reason: Error): void
  /** 421: the peer is not authoritative for this origin. */
  misdirected(origin: string): void
  accept(stream: PushedStream, head: PromisedHead): StreamSink | undefined
}
