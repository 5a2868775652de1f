/**
 * The options of a connection: one table of names, defaults and checks. Its one
 * rule: an option that does not exist is an error, not a wish.
 */
import { platform } from '#platform'
import { type ConnectionOptions, checkConnectionOptions } from '../../protocol/connection-options.ts'
import {
  type KeepAlive,
  type Limits,
  type LocalSettings,
  UnreadBudget,
  type WindowManagerOption,
} from '../../protocol/index.ts'
import type { Dial, Lookup, TlsOptions } from '../../transport/transport.ts'
import { type Clock, guarded, platformClock } from './clock.ts'
import { type DecodeLimits, type Decoding, type PeerLimits, splitLimits } from './limits.ts'
import type { Logger } from './logger.ts'
import { proxyUrl } from './proxy-url.ts'
import { checkRecord, type RecordOptions } from './record.ts'
import { type TimeLimits, type Timeouts, timeLimits } from './timeouts.ts'

/** Options of an `HTTP20Connection`. */
export interface HTTP20ConnectionOptions {
  /** TLS, or plain text with prior knowledge (RFC 9113 §3.3). Default: what the target's scheme says, else true. */
  readonly secure?: boolean | undefined
  /** The runtime's own TLS options: `ca`, `cert`, `key`, `rejectUnauthorized`, `servername`, … */
  readonly tls?: TlsOptions | undefined
  /** How flow-control windows are refilled: a class or factory. Default `AdaptiveWindowManager`; the connection's window does not grow. */
  readonly windowManager?: WindowManagerOption | undefined
  /** Take server pushes (RFC 9113 §8.4). Default false. */
  readonly enablePush?: boolean | undefined
  /** What we announce to the peer (RFC 9113 §6.5.2). */
  readonly settings?: LocalSettings | undefined
  /** What we tolerate of the peer. */
  readonly limits?: PeerLimits | undefined
  /** Limits of time in milliseconds. */
  readonly timeouts?: Timeouts | undefined
  /** PING after this much silence with requests open; `false` for none. Default 30,000 and 15,000 ms. */
  readonly keepAlive?: KeepAlive | false | undefined
  /** URL of an HTTP proxy to tunnel through. */
  readonly proxy?: string | URL | undefined
  /** Path of a Unix domain socket to use instead of the target's host and port. */
  readonly socketPath?: string | undefined
  /** Finds the addresses of a host name in place of the system, called as `dns.lookup` is. */
  readonly lookup?: Lookup | undefined
  /** Connects in place of the runtime's sockets. */
  readonly transport?: Dial | undefined
  /** Told what happens, a line at a time. */
  readonly logger?: Logger | undefined
  /** Undo content codings of responses; `'partial'`: content that was cut is given as far as it goes. Default true. */
  readonly decompress?: boolean | 'partial' | undefined
  /** Keep what happens, for `recording()`: true, or how much of it. Default nothing. */
  readonly record?: boolean | RecordOptions | undefined
  /** Time, for tests. */
  readonly clock?: Clock | undefined
  /** Identifier of the first request of each HTTP/2 connection, odd (RFC 9113 §5.1.1), for tests. Default 1. */
  readonly firstStreamId?: number | undefined
}

/** Options with every default filled in. */
export interface ConnectionSettings {
  readonly secure: boolean | undefined
  readonly tls: TlsOptions | undefined
  readonly windowManager: WindowManagerOption | undefined
  readonly enablePush: boolean
  readonly settings: LocalSettings | undefined
  /** The engine's. */
  readonly limits: Limits | undefined
  readonly timeouts: TimeLimits
  readonly keepAlive: KeepAlive | false
  readonly proxy: string | undefined
  readonly socketPath: string | undefined
  readonly lookup: Lookup | undefined
  readonly transport: Dial
  readonly logger: Logger | undefined
  /** What undoing content codings may come to; undefined if they are left. */
  readonly decoding: Decoding | undefined
  /** How much is recorded; undefined for nothing. */
  readonly record: RecordOptions | undefined
  /** What may lie unread, on all connections with these settings. */
  readonly unread: UnreadBudget
  readonly clock: Clock
  /** Undefined for the engine's default. */
  readonly firstStreamId: number | undefined
}

const KEEP_ALIVE: KeepAlive = { interval: 30_000, timeout: 15_000 }

type Kind = 'boolean' | 'object' | 'function' | 'string' | 'any'

/** Each option and what it has to be; `any` is checked by the part that it is passed to. */
const KINDS: { readonly [K in keyof HTTP20ConnectionOptions]-?: Kind } = {
  secure: 'boolean',
  tls: 'object',
  windowManager: 'any',
  enablePush: 'boolean',
  settings: 'object',
  limits: 'object',
  timeouts: 'object',
  keepAlive: 'any',
  proxy: 'any',
  socketPath: 'string',
  lookup: 'function',
  transport: 'function',
  logger: 'object',
  decompress: 'any',
  record: 'any',
  clock: 'object',
  firstStreamId: 'any',
}

/** Checks options and fills in defaults. Throws TypeError or RangeError that names the option. */
export function checkOptions(given: HTTP20ConnectionOptions | undefined): ConnectionSettings {
  const options: HTTP20ConnectionOptions = given ?? {}
  if (typeof options !== 'object') throw new TypeError('options must be an object')
  for (const [name, value] of Object.entries(options)) checkKind(name, value)
  // Sessions are made long after their options were given.
  const { settings, windowManager, firstStreamId } = options
  checkConnectionOptions({ settings, windowManager, firstStreamId })
  const limits = splitLimits(options.limits)
  const clock = options.clock === undefined ? platformClock : guarded(options.clock)
  const keepAlive = checkKeepAlive(options.keepAlive)
  return {
    secure: options.secure,
    tls: options.tls,
    windowManager: options.windowManager,
    enablePush: options.enablePush ?? false,
    settings: options.settings,
    limits: limits.engine,
    timeouts: { ...timeLimits(options.timeouts), peerIsAsked: keepAlive !== false },
    keepAlive,
    proxy: options.proxy === undefined ? undefined : proxyUrl(options.proxy),
    socketPath: options.socketPath,
    lookup: options.lookup,
    transport: options.transport ?? platform.dial,
    logger: options.logger,
    decoding: decodingOf(options.decompress, limits.decode, clock),
    record: checkRecord(options.record),
    unread: new UnreadBudget(limits.maxUnread),
    clock,
    firstStreamId,
  }
}

function decodingOf(given: unknown, limits: DecodeLimits, clock: Clock): Decoding | undefined {
  if (given !== undefined && given !== 'partial' && typeof given !== 'boolean') {
    throw new TypeError("decompress must be a boolean or 'partial'")
  }
  if (given === false) return undefined
  return { ...limits, partial: given === 'partial', clock, tally: { drawn: 0, at: 0 } }
}

/** What of it is for the engine. */
export function engineOptions(settings: ConnectionSettings): ConnectionOptions {
  return {
    settings: settings.settings,
    limits: settings.limits,
    windowManager: settings.windowManager,
    unread: settings.unread,
    enablePush: settings.enablePush,
    keepAlive: settings.keepAlive,
    firstStreamId: settings.firstStreamId,
  }
}

function checkKind(name: string, value: unknown): void {
  if (!Object.hasOwn(KINDS, name)) {
    throw new TypeError(`${name} is not an option; known are ${Object.keys(KINDS).join(', ')}`)
  }
  const kind = KINDS[name as keyof typeof KINDS]
  if (value === undefined || kind === 'any') return
  const fits = kind === 'object' ? typeof value === 'object' && value !== null : typeof value === kind
  if (!fits) throw new TypeError(`${name} must be ${kind === 'object' ? 'an' : 'a'} ${kind}`)
}

function checkKeepAlive(given: KeepAlive | false | undefined): KeepAlive | false {
  if (given === undefined || given === false) return given ?? KEEP_ALIVE
  if (typeof given !== 'object' || given === null) {
    throw new TypeError('keepAlive must be { interval, timeout } or false')
  }
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(KEEP_ALIVE, name)) {
      throw new TypeError(`keepAlive.${name} is not an option; known are interval, timeout`)
    }
    if (value !== undefined && !(typeof value === 'number' && value > 0)) {
      throw new RangeError(`keepAlive.${name} must be milliseconds above 0`)
    }
  }
  return {
    interval: given.interval ?? KEEP_ALIVE.interval,
    timeout: given.timeout ?? KEEP_ALIVE.timeout,
  }
}
