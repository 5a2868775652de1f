/**
 * Limits of time: their names, defaults and checks. All in milliseconds, 0 for
 * no limit; each has an error code of its own.
 */

/** How long each part of a request may take, in milliseconds; 0 turns a limit off. */
export interface Timeouts {
  /** Until the TCP connection stands. Default 10,000. `H2_TIMEOUT_CONNECT` */
  readonly connect?: number | undefined
  /** Of the TLS handshake. Default 10,000. `H2_TIMEOUT_TLS` */
  readonly tls?: number | undefined
  /** Until the open connection, or one for which room is yet to be made, has a stream for the request. Default 30,000. `H2_TIMEOUT_QUEUE` */
  readonly queue?: number | undefined
  /**
   * From the moment the request was sent, with its content, or from the last informational response, to the
   * response; and how long the peer may take nothing of the content. Default: none over HTTP/2, where PING
   * tells whether the peer lives; 300,000 over HTTP/1.1, and with `keepAlive: false`. `H2_TIMEOUT_HEADERS`
   */
  readonly headers?: number | undefined
  /** Between two pieces of the response's body while it is being read. Default as of `headers`. `H2_TIMEOUT_BODY` */
  readonly bodyIdle?: number | undefined
  /** From the call to the end of the response. Default 0. `H2_TIMEOUT_TOTAL` */
  readonly total?: number | undefined
  /** From the peer's GOAWAY to the end of what was open; the connection's, not a request's. Default 0. `H2_TIMEOUT_DRAIN` */
  readonly drain?: number | undefined
  /** Of `close()`, from the call to the end of what was open; then it is ended as by `destroy()`. Default 300,000. `H2_TIMEOUT_CLOSE` */
  readonly close?: number | undefined
}

/** Every limit, as a number. */
export interface TimeLimits {
  readonly connect: number
  readonly tls: number
  readonly queue: number
  /** Undefined if the user did not say: it is as the connection needs it then. */
  readonly headers: number | undefined
  readonly bodyIdle: number | undefined
  readonly total: number
  readonly drain: number
  readonly close: number
  /** False if nothing asks a silent peer over HTTP/2 whether it lives. */
  readonly peerIsAsked: boolean
}

const DEFAULTS: Omit<TimeLimits, 'peerIsAsked'> = {
  connect: 10_000,
  tls: 10_000,
  queue: 30_000,
  headers: undefined,
  bodyIdle: undefined,
  total: 0,
  drain: 0,
  close: 300_000,
}

/** Fills what is missing from `base`. Throws TypeError for an unknown name, RangeError for a bad value. */
export function timeLimits(
  given: unknown,
  base: TimeLimits = { ...DEFAULTS, peerIsAsked: true },
): TimeLimits {
  if (given === undefined) return base
  if (typeof given !== 'object' || given === null) throw new TypeError('timeouts must be an object')
  const limits: { -readonly [K in keyof TimeLimits]: TimeLimits[K] } = { ...base }
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(DEFAULTS, name)) {
      throw new TypeError(`timeouts.${name} is not an option; known are ${Object.keys(DEFAULTS).join(', ')}`)
    }
    if (value === undefined) continue
    if (typeof value !== 'number' || !(value >= 0)) {
      throw new RangeError(`timeouts.${name} must be milliseconds, 0 for none`)
    }
    limits[name as keyof typeof DEFAULTS] = value
  }
  return limits
}
