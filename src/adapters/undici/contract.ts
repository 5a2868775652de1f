/**
 * The contract between undici's callers and a dispatcher, in both generations
 * of handlers: structural types of our own, so that nobody needs undici to
 * compile. Its one rule: nothing is asked for that some version leaves out.
 */
import type { Duplex } from 'node:stream'

/** Field names and values, as callers write them. */
export type HeadersGiven =
  | Readonly<Record<string, unknown>>
  | readonly unknown[]
  | Iterable<readonly [name: string, value: unknown]>
  | null

/** What is asked of a dispatcher. Callers add options of their own, which are passed over. */
export interface DispatchOptions {
  readonly origin?: string | URL | undefined
  readonly path: string
  readonly method: string
  /** Name that TLS sends and verifies. Default: that of a `host` field, else the origin's. */
  readonly servername?: string | null | undefined
  readonly headers?: HeadersGiven | undefined
  readonly body?: unknown
  readonly query?: Record<string, unknown> | null | undefined
  /** A protocol to change to, `websocket` for one. */
  readonly upgrade?: string | boolean | null | undefined
  /** As `undici.upgrade` is asked for one. */
  readonly protocol?: string | undefined
  /** Milliseconds, 0 for no limit. */
  readonly headersTimeout?: number | null | undefined
  /** Milliseconds, 0 for no limit. */
  readonly bodyTimeout?: number | null | undefined
  /** The caller wants informational (1xx) responses. */
  readonly onInfo?: unknown
  /** False: the caller would rather have HTTP/1.1. */
  readonly allowH2?: boolean | undefined
  readonly idempotent?: boolean | undefined
  readonly reset?: boolean | null | undefined
  readonly expectContinue?: boolean | null | undefined
  /** 0 to 255. */
  readonly typeOfService?: number | null | undefined
  /** Nothing but 0: an interceptor follows redirects. */
  readonly maxRedirections?: number | null | undefined
}

/** What a handler of the new generation steers its request with. */
export interface DispatchController {
  readonly aborted: boolean
  readonly paused: boolean
  readonly reason: unknown
  /** Names and values in turn, as octets. */
  rawHeaders: unknown
  rawTrailers: unknown
  abort(reason?: unknown): void
  pause(): void
  resume(): void
}

/** Field names in lower case; a name that came more than once has an array. */
export type HeadersRecord = Record<string, string | string[]>

/** A handler of undici 7 and 8. */
export interface NewHandler {
  onRequestStart(controller: DispatchController, context: unknown): void
  onRequestUpgrade?(
    controller: DispatchController,
    statusCode: number,
    headers: HeadersRecord,
    socket: Duplex,
  ): unknown
  onResponseStarted?(): void
  onResponseStart?(
    controller: DispatchController,
    statusCode: number,
    headers: HeadersRecord,
    statusMessage?: string,
  ): void
  onResponseData?(controller: DispatchController, chunk: Buffer): void
  onResponseEnd?(controller: DispatchController, trailers: HeadersRecord): void
  onResponseError?(controller: DispatchController | null, error: unknown): void
  onBodySent?(chunk: unknown): void
  onRequestSent?(): void
}

/** A handler of undici 5, 6 and, for most of its own callers, 7. */
export interface LegacyHandler {
  onConnect?(abort: (reason?: unknown) => void, context?: unknown): void
  onUpgrade?(statusCode: number, rawHeaders: unknown[], socket: Duplex): unknown
  onResponseStarted?(): void
  onHeaders?(statusCode: number, rawHeaders: unknown[], resume: () => void, statusText: string): unknown
  onData?(chunk: Buffer): unknown
  onComplete?(rawTrailers: unknown[]): void
  onError?(error: unknown): void
  onBodySent?(chunk: unknown): void
  onRequestSent?(): void
}

export type DispatchHandler = NewHandler | LegacyHandler

export type Dispatch = (options: DispatchOptions, handler: DispatchHandler) => boolean

/** Wraps a dispatch; what it gives must take two arguments. */
export type Interceptor = (dispatch: Dispatch, origin?: string | null) => Dispatch

/** Whoever dispatches: undici's own dispatchers are such. */
export interface DispatcherLike {
  dispatch(options: DispatchOptions, handler: DispatchHandler): boolean
}

export function isNew(handler: DispatchHandler): handler is NewHandler {
  return typeof (handler as NewHandler).onRequestStart === 'function'
}
