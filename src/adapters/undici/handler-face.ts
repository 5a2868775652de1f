/**
 * A handler of either generation, told in one way. Its one rule: which
 * generation a handler is of is decided here, once for each request.
 */
import type { Duplex } from 'node:stream'
import {
  type DispatchController,
  type DispatchHandler,
  isNew,
  type LegacyHandler,
  type NewHandler,
} from './contract.ts'
import { invalidArgument } from './errors.ts'
import { headersRecord, type Pairs, rawFrom, rawHeaders } from './raw-headers.ts'

/** What a request tells its handler. Whatever a handler throws comes out. */
export interface HandlerFace {
  /** Takes nothing but 101 for an answer to an upgrade, as in HTTP/1.1. */
  readonly wants101: boolean
  readonly handler: DispatchHandler
  start(controller: DispatchController): void
  head(controller: DispatchController, status: number, pairs: Pairs, statusText: string): void
  /** As `head`, but what the handler says of pausing means nothing. */
  informational(controller: DispatchController, status: number, pairs: Pairs): void
  data(controller: DispatchController, chunk: Buffer): void
  end(controller: DispatchController, trailers: Pairs): void
  error(controller: DispatchController | null, error: unknown): void
  /** False if the handler does not want the tunnel. */
  upgrade(controller: DispatchController, status: number, pairs: Pairs, socket: Duplex): boolean
}

/** Throws `InvalidArgumentError` for what is no handler. */
export function faceOf(handler: unknown): HandlerFace {
  if (typeof handler !== 'object' || handler === null) throw invalidArgument('handler must be an object')
  const given = handler as LegacyHandler & NewHandler
  const started = typeof given.onRequestStart === 'function'
  if (!started && typeof given.onError === 'function') return new LegacyFace(given)
  if (typeof given.onResponseError === 'function') return new NewFace(given)
  throw invalidArgument(started ? 'invalid onResponseError method' : 'invalid onError method')
}

/** Methods that may be left out, but are called where they are. */
const OPTIONAL = ['onBodySent', 'onRequestSent', 'onResponseStarted'] as const
const OF_RESPONSES = ['onHeaders', 'onData', 'onComplete'] as const

/**
 * Throws `InvalidArgumentError` for a method that a request of this kind would
 * miss. Of the new generation undici 7 lets all of them be left out but the first.
 */
export function checkHandler(handler: DispatchHandler, tunnel: boolean): void {
  const given = handler as LegacyHandler & NewHandler
  const need = (name: keyof LegacyHandler | keyof NewHandler): void => {
    if (typeof given[name] !== 'function') throw invalidArgument(`invalid ${name} method`)
  }
  for (const name of OPTIONAL) if (given[name] !== undefined) need(name)
  if (isNew(handler) || typeof given.onError !== 'function') {
    need('onRequestStart')
    if (tunnel) need('onRequestUpgrade')
    return
  }
  need('onConnect')
  if (tunnel) need('onUpgrade')
  else for (const name of OF_RESPONSES) need(name)
}

class NewFace implements HandlerFace {
  readonly wants101 = false
  readonly handler: NewHandler

  constructor(handler: NewHandler) {
    this.handler = handler
  }

  start(controller: DispatchController): void {
    this.handler.onRequestStart(controller, null)
  }

  head(controller: DispatchController, status: number, pairs: Pairs, statusText: string): void {
    this.handler.onResponseStart?.(controller, status, headersRecord(pairs), statusText)
  }

  informational(controller: DispatchController, status: number, pairs: Pairs): void {
    this.head(controller, status, pairs, '')
  }

  data(controller: DispatchController, chunk: Buffer): void {
    this.handler.onResponseData?.(controller, chunk)
  }

  end(controller: DispatchController, trailers: Pairs): void {
    this.handler.onResponseEnd?.(controller, headersRecord(trailers))
  }

  error(controller: DispatchController | null, error: unknown): void {
    this.handler.onResponseError?.(controller, error)
  }

  upgrade(controller: DispatchController, status: number, pairs: Pairs, socket: Duplex): boolean {
    const { handler } = this
    if (typeof handler.onRequestUpgrade !== 'function')
      throw invalidArgument('invalid onRequestUpgrade method')
    return handler.onRequestUpgrade(controller, status, headersRecord(pairs), socket) !== false
  }
}

class LegacyFace implements HandlerFace {
  readonly wants101: boolean
  readonly handler: LegacyHandler

  constructor(handler: LegacyHandler) {
    this.handler = handler
    // The fetch of undici 7 knows of 200, and has a method that earlier ones have not.
    this.wants101 = !('onRequestUpgrade' in handler)
  }

  start(controller: DispatchController): void {
    // Without a context: `request` passes on what it is given, and has none to give.
    this.handler.onConnect?.((reason) => controller.abort(reason))
  }

  head(controller: DispatchController, status: number, pairs: Pairs, statusText: string): void {
    const resume = (): void => controller.resume()
    const wanted = this.handler.onHeaders?.(status, rawHeaders(pairs), resume, statusText)
    if (wanted === false) controller.pause()
  }

  informational(_controller: DispatchController, status: number, pairs: Pairs): void {
    this.handler.onHeaders?.(status, rawHeaders(pairs), nothing, '')
  }

  data(controller: DispatchController, chunk: Buffer): void {
    if (this.handler.onData?.(chunk) === false) controller.pause()
  }

  end(_controller: DispatchController, trailers: Pairs): void {
    this.handler.onComplete?.(rawHeaders(trailers))
  }

  error(_controller: DispatchController | null, error: unknown): void {
    this.handler.onError?.(error)
  }

  upgrade(_controller: DispatchController, status: number, pairs: Pairs, socket: Duplex): boolean {
    if (typeof this.handler.onUpgrade !== 'function') throw invalidArgument('invalid onUpgrade method')
    return this.handler.onUpgrade(status, rawHeaders(pairs), socket) !== false
  }
}

/**
 * A legacy handler that answers to both generations, for interceptors that are
 * written for one of them.
 */
export class BothGenerations {
  readonly #handler: LegacyHandler

  /** A handler that interceptors of any undici can call. */
  static of(handler: DispatchHandler): DispatchHandler {
    const legacy = typeof handler === 'object' && handler !== null && !isNew(handler)
    return legacy ? new BothGenerations(handler) : handler
  }

  constructor(handler: LegacyHandler) {
    this.#handler = handler
  }

  // — as it was —

  onConnect(abort: (reason?: unknown) => void, context: unknown): void {
    this.#handler.onConnect?.(abort, context)
  }

  onUpgrade(statusCode: number, raw: unknown[], socket: Duplex): unknown {
    return this.#handler.onUpgrade?.(statusCode, raw, socket)
  }

  onHeaders(statusCode: number, raw: unknown[], resume: () => void, statusText: string): unknown {
    return this.#handler.onHeaders?.(statusCode, raw, resume, statusText)
  }

  onData(chunk: Buffer): unknown {
    return this.#handler.onData?.(chunk)
  }

  onComplete(rawTrailers: unknown[]): void {
    this.#handler.onComplete?.(rawTrailers)
  }

  onError(error: unknown): void {
    this.#handler.onError?.(error)
  }

  onResponseStarted(): void {
    this.#handler.onResponseStarted?.()
  }

  onBodySent(chunk: unknown): void {
    this.#handler.onBodySent?.(chunk)
  }

  onRequestSent(): void {
    this.#handler.onRequestSent?.()
  }

  // — as the new generation has it —

  onRequestStart(controller: DispatchController, context: unknown): void {
    this.onConnect((reason) => controller.abort(reason), context)
  }

  onRequestUpgrade(
    controller: DispatchController | null,
    statusCode: number,
    headers: Parameters<typeof rawFrom>[1],
    socket: Duplex,
  ): unknown {
    return this.onUpgrade(statusCode, rawFrom(controller?.rawHeaders, headers), socket)
  }

  onResponseStart(
    controller: DispatchController,
    statusCode: number,
    headers: Parameters<typeof rawFrom>[1],
    statusText = '',
  ): void {
    const raw = rawFrom(controller?.rawHeaders, headers)
    const wantsMore = this.onHeaders(statusCode, raw, () => controller.resume(), statusText)
    if (wantsMore === false && statusCode >= 200) controller.pause()
  }

  onResponseData(controller: DispatchController, chunk: Buffer): void {
    if (this.onData(chunk) === false) controller.pause()
  }

  onResponseEnd(controller: DispatchController, trailers: Parameters<typeof rawFrom>[1]): void {
    this.onComplete(rawFrom(controller?.rawTrailers, trailers))
  }

  onResponseError(_controller: DispatchController | null, error: unknown): void {
    this.onError(error)
  }
}

function nothing(): void {}
