/**
 * What a connection offers the peer, and what it tolerates from it: the two
 * records of options, their defaults and their checks. Each limit names the
 * place that enforces it.
 */
import { MAX_WINDOW_SIZE } from './flow-control.ts'

/** The SETTINGS we send (RFC 9113 §6.5.2). */
export interface LocalSettings {
  /** Octets of the peer's HPACK table. Default 4,096. */
  readonly headerTableSize?: number | undefined
  /** Pushed streams at a time; sent only with `enablePush`. Default 100. */
  readonly maxConcurrentStreams?: number | undefined
  /** Octets the peer may send on a new stream before credit. Default 1,048,576. */
  readonly initialWindowSize?: number | undefined
  /** Octets of a frame's payload. Default 16,384. */
  readonly maxFrameSize?: number | undefined
  /** Octets of a field section, 32 more for each field. Default 65,536. */
  readonly maxHeaderListSize?: number | undefined
}

/** What is tolerated, for one connection. */
export interface Limits {
  /** Octets that may be on their way on the connection, all streams together. Default 16,777,216; at least 65,535. */
  readonly connectionWindowSize?: number | undefined
  /** Requests open before the peer's first SETTINGS. Default 100. */
  readonly initialConcurrentStreams?: number | undefined
  /** Requests open at a time when the peer names no limit. Default 256. */
  readonly maxConcurrentStreams?: number | undefined
  /** Fields in one field section. Default 256. */
  readonly maxHeaderFields?: number | undefined
  /** Octets of a field block as encoded. Default 262,144. */
  readonly maxFieldBlockSize?: number | undefined
  /** CONTINUATION frames in one field block, empty ones too. Default 8. */
  readonly maxContinuationFrames?: number | undefined
  /** Informational responses to one request at once; content sent and time earn more. Default 8. */
  readonly maxInformational?: number | undefined
  /** Entries in one SETTINGS frame. Default 32. */
  readonly maxSettingsEntries?: number | undefined
  /** Answers (acknowledgements, resets) waiting for the transport. Default 1,000. */
  readonly maxQueuedControlFrames?: number | undefined
  /** Useless frames at once, beyond those that responses and content earn. Default 1,000. */
  readonly glitchBurst?: number | undefined
  /** Useless frames forgiven each second. Default 33. */
  readonly glitchesPerSecond?: number | undefined
  /** Empty DATA frames at once, beyond those that responses and content earn. Default 100. */
  readonly maxEmptyDataFrames?: number | undefined
  /** Stream errors that the peer may cause in 30 seconds, beyond three for four responses. Default 200. */
  readonly maxStreamErrors?: number | undefined
  /** Own PINGs waiting for their answer. Default 10. */
  readonly maxPings?: number | undefined
}

type Checked<T> = { readonly [K in keyof T]-?: number }

type Row = readonly [fallback: number, min: number, max: number]

const UINT32 = 4_294_967_295

const SETTINGS: { readonly [K in keyof LocalSettings]-?: Row } = {
  headerTableSize: [4096, 0, UINT32],
  maxConcurrentStreams: [100, 0, UINT32],
  initialWindowSize: [1_048_576, 0, MAX_WINDOW_SIZE],
  maxFrameSize: [16_384, 16_384, 16_777_215],
  maxHeaderListSize: [65_536, 0, UINT32],
}

const LIMITS: { readonly [K in keyof Limits]-?: Row } = {
  connectionWindowSize: [16_777_216, 65_535, MAX_WINDOW_SIZE],
  initialConcurrentStreams: [100, 1, UINT32],
  maxConcurrentStreams: [256, 1, UINT32],
  maxHeaderFields: [256, 1, UINT32],
  maxFieldBlockSize: [262_144, 1024, UINT32],
  maxContinuationFrames: [8, 0, UINT32],
  maxInformational: [8, 0, UINT32],
  maxSettingsEntries: [32, 1, UINT32],
  maxQueuedControlFrames: [1000, 1, UINT32],
  glitchBurst: [1000, 1, UINT32],
  glitchesPerSecond: [33, 0, UINT32],
  maxEmptyDataFrames: [100, 0, UINT32],
  maxStreamErrors: [200, 1, UINT32],
  maxPings: [10, 1, UINT32],
}

// Most connections have no others: they share these.
const DEFAULT_SETTINGS = Object.freeze(check<LocalSettings>('settings', SETTINGS, {}))
const DEFAULT_LIMITS = Object.freeze(check<Limits>('limits', LIMITS, {}))

/** Fills in defaults. Throws TypeError for an unknown name, RangeError for a bad value. */
export function checkSettings(given: LocalSettings | undefined): Checked<LocalSettings> {
  return given === undefined ? DEFAULT_SETTINGS : check('settings', SETTINGS, given)
}

/** Fills in defaults. Throws TypeError for an unknown name, RangeError for a bad value. */
export function checkLimits(given: Limits | undefined): Checked<Limits> {
  return given === undefined ? DEFAULT_LIMITS : check('limits', LIMITS, given)
}

function check<T extends object>(
  option: string,
  rows: { readonly [K in keyof T]-?: Row },
  given: T,
): Checked<T> {
  const values: Record<string, number> = {}
  for (const [name, row] of Object.entries<Row>(rows)) values[name] = row[0]
  for (const [name, value] of Object.entries(given ?? {})) {
    if (!Object.hasOwn(rows, name)) throw new TypeError(`${option}.${name} is not an option`)
    if (value === undefined) continue
    const row = (rows as Record<string, Row>)[name]!
    if (typeof value !== 'number' || !Number.isInteger(value) || value < row[1] || value > row[2]) {
      throw new RangeError(`${option}.${name} must be an integer from ${row[1]} to ${row[2]}`)
    }
    values[name] = value
  }
  return values as Checked<T>
}

/** A span of time in milliseconds. Throws RangeError for what is none. */
export function checkMilliseconds(option: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback
  if (typeof value === 'number' && value >= 0) return value
  throw new RangeError(`${option} must be milliseconds, 0 or more`)
}

/** The identifier of the first request (RFC 9113 §5.1.1). Throws RangeError for what is none. */
export function checkFirstStreamId(value: number | undefined): number {
  if (value === undefined) return 1
  if (Number.isInteger(value) && value > 0 && value % 2 === 1 && value <= 0x7fffffff) return value
  throw new RangeError('firstStreamId must be an odd integer from 1 to 2147483647')
}
