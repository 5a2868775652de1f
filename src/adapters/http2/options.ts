/**
 * The options of `connect`: Node's, checked as Node does, and what they are to
 * the engine. Options that have no equal are named in docs/adapters/http2.md.
 */
import type { Duplex } from 'node:stream'
import type { ConnectionOptions } from '../../protocol/index.ts'
import type { TapeOptions } from '../../trace/index.ts'
import { checkBoolean, checkInteger, checkObject, wrongType } from './checks.ts'
import { plainError } from './errors.ts'
import { checkRecord } from './session-recording.ts'
import { type Http2Settings, MAX_CUSTOM_SETTINGS, settingsEntries } from './settings.ts'

/** Options of `connect`; those of `net.connect` and `tls.connect` too. */
export interface ConnectOptions {
  createConnection?: ((authority: URL, options: ConnectOptions) => Duplex) | undefined
  protocol?: string | undefined
  servername?: string | undefined
  settings?: Http2Settings | undefined
  remoteCustomSettings?: number[] | undefined
  maxReservedRemoteStreams?: number | undefined
  maxSendHeaderBlockLength?: number | undefined
  maxOutstandingPings?: number | undefined
  maxOutstandingSettings?: number | undefined
  maxHeaderListPairs?: number | undefined
  maxSettings?: number | undefined
  strictSingleValueFields?: boolean | undefined
  peerMaxConcurrentStreams?: number | undefined
  maxSessionInvalidFrames?: number | undefined
  maxSessionRejectedStreams?: number | undefined
  unknownProtocolTimeout?: number | undefined
  /** Of this module: PING after so much silence with requests open; `false` for none. */
  keepAlive?: ConnectionOptions['keepAlive']
  /** Of this module: how receive windows grow. */
  windowManager?: ConnectionOptions['windowManager']
  /** Of this module: what is tolerated of the peer. */
  limits?: ConnectionOptions['limits']
  /** Of this module: keep the frames, for `recording()`: true, or how much of them. */
  record?: boolean | TapeOptions | undefined
  [other: string]: unknown
}

const UINT32 = 2 ** 32 - 1
/** Octets of a field section that nghttp2 takes, and the fields in it. */
const MAX_HEADER_LIST = 65_535
const MAX_HEADER_PAIRS = 128
const MAX_FIELD_BLOCK = 65_536

/** A copy, checked. */
export function checkedOptions(given: unknown): ConnectOptions {
  checkObject(given, 'options')
  const options: ConnectOptions = { ...(given as ConnectOptions) }
  const custom: unknown = options.remoteCustomSettings
  if (custom !== undefined) {
    if (!Array.isArray(custom)) throw wrongType('options.remoteCustomSettings', ['Array'], custom)
    if (custom.length > MAX_CUSTOM_SETTINGS) throw plainError('ERR_HTTP2_TOO_MANY_CUSTOM_SETTINGS')
    options.remoteCustomSettings = [...custom]
  }
  for (const name of ['maxSessionInvalidFrames', 'maxSessionRejectedStreams', 'unknownProtocolTimeout']) {
    if (options[name] !== undefined) checkInteger(options[name], name, 0, UINT32)
  }
  if (options.strictSingleValueFields !== undefined) {
    checkBoolean(options.strictSingleValueFields, 'options.strictSingleValueFields')
  }
  checkRecord(options.record)
  warnOf(options)
  return options
}

/** Options whose absence a caller would notice, and the value at which it would. */
const WITHOUT_EFFECT: readonly (readonly [name: string, noticed: (value: unknown) => boolean])[] = [
  ['paddingStrategy', (value) => typeof value === 'number' && value !== 0],
  ['strictFieldWhitespaceValidation', (value) => value === false],
]
const warned = new Set<string>()

/** Says once of each option that has no equal here that it does nothing. */
function warnOf(options: ConnectOptions): void {
  for (const [name, noticed] of WITHOUT_EFFECT) {
    if (warned.has(name) || !noticed(options[name])) continue
    warned.add(name)
    process.emitWarning(`the option ${name} of http2.connect has no effect in hyper-h2`, 'HyperWarning')
  }
}

/** A number from `min` on, or the fallback. */
function atLeast(value: unknown, min: number, fallback: number): number {
  return typeof value === 'number' && !Number.isNaN(value)
    ? Math.min(UINT32, Math.max(min, Math.floor(value)))
    : fallback
}

export function fieldBlockLimit(options: ConnectOptions): number {
  return atLeast(options.maxSendHeaderBlockLength, 0, MAX_FIELD_BLOCK)
}

export function reservedStreams(options: ConnectOptions): number {
  return atLeast(options.maxReservedRemoteStreams, 0, 200)
}

export function outstandingSettings(options: ConnectOptions): number {
  return atLeast(options.maxOutstandingSettings, 1, 10)
}

export function outstandingPings(options: ConnectOptions): number {
  return atLeast(options.maxOutstandingPings, 0, 10)
}

/**
 * What the engine is told. Windows begin as they are advertised and grow; the
 * number of streams is the peer's to limit, and ours before it has spoken.
 */
export function engineOptions(options: ConnectOptions, settings: Http2Settings): ConnectionOptions {
  const listSize = settings.maxHeaderSize ?? settings.maxHeaderListSize
  return {
    firstSettings: settingsEntries(settings),
    enablePush: settings.enablePush ?? true,
    settings: {
      headerTableSize: settings.headerTableSize,
      initialWindowSize: settings.initialWindowSize ?? 65_535,
      maxFrameSize: settings.maxFrameSize,
      maxHeaderListSize: listSize ?? MAX_HEADER_LIST,
      maxConcurrentStreams: settings.maxConcurrentStreams ?? UINT32,
    },
    limits: {
      initialConcurrentStreams: atLeast(options.peerMaxConcurrentStreams, 1, 100),
      maxConcurrentStreams: UINT32,
      maxHeaderFields: atLeast(options.maxHeaderListPairs, 4, MAX_HEADER_PAIRS),
      maxSettingsEntries: atLeast(options.maxSettings, 1, 32),
      maxPings: Math.max(1, outstandingPings(options)),
      ...options.limits,
    },
    keepAlive: options.keepAlive,
    windowManager: options.windowManager,
  }
}
