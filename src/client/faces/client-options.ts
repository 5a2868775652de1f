/**
 * The options of a `Client`: names, defaults and checks. Those that are for its
 * connections are checked by `settings/options`. Its one rule: an option that
 * does not exist is an error, not a wish.
 */
import type { KeepAlive, LocalSettings, WindowManagerOption } from '../../protocol/index.ts'
import type { Dial, Lookup, TlsOptions } from '../../transport/transport.ts'
import type { CookieJar } from '../fetch/cookies.ts'
import type { Middleware } from '../fetch/fetch-middleware.ts'
import { checkPerOrigin, type PerVersion } from '../pool/connection-limits.ts'
import { checkProxyOption, type ProxyOption } from '../pool/proxy-choice.ts'
import { checkRetry, type RetryOptions, type RetryRules } from '../pool/retry-policy.ts'
import type { RouterRules } from '../pool/router.ts'
import type { Clock } from '../settings/clock.ts'
import type { PeerLimits } from '../settings/limits.ts'
import type { Logger } from '../settings/logger.ts'
import { checkOptions } from '../settings/options.ts'
import type { RecordOptions } from '../settings/record.ts'
import type { Timeouts } from '../settings/timeouts.ts'

/** Options of a `Client`. */
export interface ClientOptions {
  /** The runtime's own TLS options for every origin, or a function of the origin that gives them. */
  readonly tls?: TlsOptions | ((origin: string) => TlsOptions | undefined) | undefined
  /** `http:` URLs by HTTP/2 with prior knowledge (RFC 9113 §3.3). Default false: HTTP/1.1. */
  readonly h2c?: boolean | undefined
  /**
   * Connections that one origin may have when all are at the peer's limit of
   * streams, those that drain included; a number for either version of HTTP.
   * Default `{ http2: 6, http1: 256 }`.
   */
  readonly maxConnectionsPerOrigin?: number | Partial<PerVersion> | undefined
  /** Connections of all origins together; who has more gives some up for who waits. Default 1,000. */
  readonly maxConnections?: number | undefined
  /** Milliseconds after which a connection that nobody uses closes, 0 for never. Default 90,000. */
  readonly idleTimeout?: number | undefined
  /** Milliseconds after which a connection takes no new requests, 0 for never. Default 0. */
  readonly maxAge?: number | undefined
  /** Limits of time in milliseconds. */
  readonly timeouts?: Timeouts | undefined
  /** PING after this much silence with requests open; `false` for none. Default 30,000 and 15,000 ms. */
  readonly keepAlive?: KeepAlive | false | undefined
  /** What is sent again; `false` for nothing. Default: up to 3 times what the server has proved not to have acted on. */
  readonly retry?: RetryOptions | false | undefined
  /** URL of an HTTP proxy to tunnel through, `'env'` for the environment's variables, or a function of the URL. */
  readonly proxy?: ProxyOption | undefined
  /** Cookies that responses to `fetch` set and its requests carry: a jar such as tough-cookie's. Default none. */
  readonly cookies?: CookieJar | undefined
  /** Functions around every `fetch`, the outermost first. Default none. */
  readonly middleware?: readonly Middleware[] | undefined
  /** How flow-control windows are refilled: a class or factory. Default `AdaptiveWindowManager`; the connection's window does not grow. */
  readonly windowManager?: WindowManagerOption | undefined
  /** What we announce to each peer (RFC 9113 §6.5.2). */
  readonly settings?: LocalSettings | undefined
  /** What we tolerate of each peer. */
  readonly limits?: PeerLimits | undefined
  /** Undo content codings of responses; `'partial'`: content that was cut is given as far as it goes. Default true. */
  readonly decompress?: boolean | 'partial' | undefined
  /** Path of a Unix domain socket to use in place of every origin's host and port. */
  readonly socketPath?: string | undefined
  /** Keep what happens, for `recording()`: true, or how much of it. Default nothing. */
  readonly record?: boolean | RecordOptions | undefined
  /** Finds the addresses of a host name in place of the system, called as `dns.lookup` is. */
  readonly lookup?: Lookup | undefined
  /** Told what happens, a line at a time. */
  readonly logger?: Logger | undefined
  /** Connects in place of the runtime's sockets. */
  readonly transport?: Dial | undefined
  /** Time, for tests. */
  readonly clock?: Clock | undefined
  /** Identifier of the first request of each HTTP/2 connection, odd (RFC 9113 §5.1.1), for tests. Default 1. */
  readonly firstStreamId?: number | undefined
}

/** Options with every default filled in. */
export interface ClientSettings extends RouterRules {
  readonly maxConnectionsPerOrigin: PerVersion
  readonly maxConnections: number
  /** Infinity for never. */
  readonly idleTimeout: number
  /** Infinity for never. */
  readonly maxAge: number
  readonly retry: RetryRules
  readonly cookies: CookieJar | undefined
  readonly middleware: readonly Middleware[]
}

/** Options that go to every connection as they are. */
const OF_CONNECTIONS: readonly string[] = [
  'timeouts',
  'keepAlive',
  'windowManager',
  'settings',
  'limits',
  'decompress',
  'socketPath',
  'record',
  'lookup',
  'logger',
  'transport',
  'clock',
  'firstStreamId',
]
const OWN: readonly string[] = [
  'tls',
  'h2c',
  'maxConnectionsPerOrigin',
  'maxConnections',
  'idleTimeout',
  'maxAge',
  'retry',
  'proxy',
  'cookies',
  'middleware',
]

/** Checks options and fills in defaults. Throws TypeError or RangeError that names the option. */
export function checkClientOptions(given: ClientOptions | undefined): ClientSettings {
  const options: ClientOptions = given ?? {}
  if (typeof options !== 'object') throw new TypeError('options must be an object')
  const ofConnections: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(options)) {
    if (OF_CONNECTIONS.includes(name)) ofConnections[name] = value
    else if (!OWN.includes(name)) {
      throw new TypeError(`${name} is not an option; known are ${[...OWN, ...OF_CONNECTIONS].join(', ')}`)
    }
  }
  const { tls, h2c = false } = options
  if (tls !== undefined && tls !== null && typeof tls !== 'object' && typeof tls !== 'function') {
    throw new TypeError('tls must be an object or a function of the origin')
  }
  if (typeof h2c !== 'boolean') throw new TypeError('h2c must be a boolean')
  return {
    connection: checkOptions(ofConnections),
    tls: tls ?? undefined,
    h2c,
    maxConnectionsPerOrigin: checkPerOrigin(options.maxConnectionsPerOrigin),
    maxConnections: count('maxConnections', options.maxConnections, 1_000),
    idleTimeout: span('idleTimeout', options.idleTimeout, 90_000),
    maxAge: span('maxAge', options.maxAge, 0),
    retry: checkRetry(options.retry),
    proxy: checkProxyOption(options.proxy),
    cookies: checkCookies(options.cookies),
    middleware: checkMiddleware(options.middleware),
  }
}

function checkCookies(jar: CookieJar | undefined): CookieJar | undefined {
  if (jar === undefined) return undefined
  if (typeof jar?.getCookieString === 'function' && typeof jar.setCookie === 'function') return jar
  throw new TypeError('cookies must have the methods getCookieString and setCookie')
}

function checkMiddleware(given: readonly Middleware[] | undefined): readonly Middleware[] {
  if (given === undefined) return []
  if (Array.isArray(given) && given.every((one) => typeof one === 'function')) return [...given]
  throw new TypeError('middleware must be an array of functions')
}

function count(name: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback
  if (Number.isInteger(value) && value >= 1) return value
  throw new RangeError(`${name} must be an integer, 1 or more`)
}

/** Milliseconds, of which 0 is for ever. */
function span(name: string, value: number | undefined, fallback: number): number {
  const given = value ?? fallback
  if (typeof given !== 'number' || !(given >= 0))
    throw new RangeError(`${name} must be milliseconds, 0 for never`)
  return given === 0 ? Number.POSITIVE_INFINITY : given
}
