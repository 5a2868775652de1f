/**
 * Settings between their two forms: the objects of `node:http2` and the entries
 * of a SETTINGS frame (RFC 9113 §6.5). What is said is what was asked for, and
 * nothing more.
 */
import { checkObject } from './checks.ts'
import { plainError, settingValue } from './errors.ts'

/** Settings as Node has them. */
export interface Http2Settings {
  headerTableSize?: number | undefined
  enablePush?: boolean | undefined
  initialWindowSize?: number | undefined
  maxFrameSize?: number | undefined
  maxConcurrentStreams?: number | undefined
  maxHeaderListSize?: number | undefined
  maxHeaderSize?: number | undefined
  enableConnectProtocol?: boolean | undefined
  customSettings?: Record<number, number> | undefined
}

type Entry = readonly [id: number, value: number]

const HEADER_TABLE_SIZE = 1
const ENABLE_PUSH = 2
const MAX_CONCURRENT_STREAMS = 3
const INITIAL_WINDOW_SIZE = 4
const MAX_FRAME_SIZE = 5
const MAX_HEADER_LIST_SIZE = 6
const ENABLE_CONNECT_PROTOCOL = 8

const UINT32 = 2 ** 32 - 1
/** As many settings without a name as Node takes. */
export const MAX_CUSTOM_SETTINGS = 10

/** Name, identifier, least and largest value, in the order in which they are sent. */
const NUMBERS: readonly (readonly [keyof Http2Settings, number, number, number])[] = [
  ['headerTableSize', HEADER_TABLE_SIZE, 0, UINT32],
  ['maxConcurrentStreams', MAX_CONCURRENT_STREAMS, 0, UINT32],
  ['initialWindowSize', INITIAL_WINDOW_SIZE, 0, 2 ** 31 - 1],
  ['maxFrameSize', MAX_FRAME_SIZE, 16_384, 2 ** 24 - 1],
  ['maxHeaderListSize', MAX_HEADER_LIST_SIZE, 0, UINT32],
]

const FLAGS: readonly (readonly [keyof Http2Settings, number])[] = [
  ['enablePush', ENABLE_PUSH],
  ['enableConnectProtocol', ENABLE_CONNECT_PROTOCOL],
]

/** Throws for a value that Node refuses. */
export function checkSettings(settings: Http2Settings): void {
  checkObject(settings.customSettings, 'customSettings', ['Number'])
  const custom = Object.entries(settings.customSettings ?? {})
  if (custom.length > MAX_CUSTOM_SETTINGS) throw plainError('ERR_HTTP2_TOO_MANY_CUSTOM_SETTINGS')
  for (const [id, value] of custom) {
    checkRange('customSettings:id', Number(id), 0, 0xffff)
    checkRange('customSettings:value', Number(value), 0, UINT32)
  }
  for (const [name, , min, max] of NUMBERS) checkRange(name, settings[name], min, max)
  checkRange('maxHeaderSize', settings.maxHeaderSize, 0, UINT32)
  for (const [name] of FLAGS) {
    const value = settings[name]
    if (value !== undefined && typeof value !== 'boolean') throw settingValue(name, value)
  }
}

function checkRange(name: string, value: unknown, min: number, max: number): void {
  if (value === undefined) return
  if (typeof value !== 'number' || !(value >= min && value <= max)) throw settingValue(name, value, min, max)
}

/** The entries that say what was asked for. */
export function settingsEntries(settings: Http2Settings): Entry[] {
  const entries: Entry[] = []
  for (const [name, id] of NUMBERS) {
    const value = name === 'maxHeaderListSize' ? listSize(settings) : settings[name]
    if (typeof value === 'number') entries.push([id, value])
  }
  for (const [name, id] of FLAGS) {
    const value = settings[name]
    if (typeof value === 'boolean') entries.push([id, value ? 1 : 0])
  }
  for (const [id, value] of Object.entries(settings.customSettings ?? {})) {
    if (typeof value === 'number') entries.push([Number(id), value])
  }
  return entries
}

/** `maxHeaderSize` is another name of it, and wins. */
function listSize(settings: Http2Settings): number | undefined {
  const { maxHeaderSize, maxHeaderListSize } = settings
  if (maxHeaderSize === undefined || maxHeaderSize === maxHeaderListSize) return maxHeaderListSize
  process.emitWarning('settings.maxHeaderSize overwrite settings.maxHeaderListSize')
  return maxHeaderSize
}

/** One side's settings, as they are in force. */
export class SettingsInForce {
  readonly #values: Map<number, number>
  /** Settings without a name that are shown. */
  readonly #custom: Set<number>
  #shown: Http2Settings | undefined = undefined

  constructor(custom: Iterable<number>, pushDefault: boolean, listSizeDefault: number) {
    this.#custom = new Set(custom)
    this.#values = new Map([
      [HEADER_TABLE_SIZE, 4096],
      [ENABLE_PUSH, pushDefault ? 1 : 0],
      [MAX_CONCURRENT_STREAMS, UINT32],
      [INITIAL_WINDOW_SIZE, 65_535],
      [MAX_FRAME_SIZE, 16_384],
      [MAX_HEADER_LIST_SIZE, listSizeDefault],
      [ENABLE_CONNECT_PROTOCOL, 0],
    ])
  }

  /** Settings without a name among these are shown from now on. */
  know(entries: readonly Entry[]): void {
    for (const [id] of entries) if (!isNamed(id)) this.#custom.add(id)
  }

  apply(entries: readonly Entry[]): void {
    this.#shown = undefined
    for (const [id, value] of entries) {
      if (this.#values.has(id) || this.#custom.has(id)) this.#values.set(id, value)
    }
  }

  /** The same object until something changes. */
  show(): Http2Settings {
    this.#shown ??= this.#make()
    return this.#shown
  }

  #make(): Http2Settings {
    const value = (id: number): number => this.#values.get(id)!
    const custom = [...this.#custom].filter((id) => this.#values.has(id) && !isNamed(id))
    const shown: Http2Settings = {
      headerTableSize: value(HEADER_TABLE_SIZE),
      enablePush: value(ENABLE_PUSH) === 1,
      initialWindowSize: value(INITIAL_WINDOW_SIZE),
      maxFrameSize: value(MAX_FRAME_SIZE),
      maxConcurrentStreams: value(MAX_CONCURRENT_STREAMS),
      maxHeaderListSize: value(MAX_HEADER_LIST_SIZE),
      maxHeaderSize: value(MAX_HEADER_LIST_SIZE),
      enableConnectProtocol: value(ENABLE_CONNECT_PROTOCOL) === 1,
    }
    if (custom.length > 0) shown.customSettings = Object.fromEntries(custom.map((id) => [id, value(id)]))
    return shown
  }
}

function isNamed(id: number): boolean {
  return (id >= HEADER_TABLE_SIZE && id <= MAX_HEADER_LIST_SIZE) || id === ENABLE_CONNECT_PROTOCOL
}
