/**
 * How a connection behaves: the record of options, its defaults and checks.
 * Each part of it is checked by the file that it concerns.
 */
import { checkKeepAlive, type Deadlines, type KeepAlive } from './keepalive.ts'
import {
  checkFirstStreamId,
  checkLimits,
  checkMilliseconds,
  checkSettings,
  type Limits,
  type LocalSettings,
} from './limits.ts'
import { settingsToSend } from './settings.ts'
import type { SettingsEntries } from './sinks.ts'
import { UnreadBudget } from './unread-budget.ts'
import { type WindowManagerOption, windowManagers } from './window-managers.ts'

/** How a connection behaves. Everything has a default. */
export interface ConnectionOptions {
  /** What we announce in SETTINGS. */
  readonly settings?: LocalSettings | undefined
  /**
   * The first SETTINGS frame as it is to be sent, instead of what `settings` and `enablePush` make;
   * they say what is in force, and must not be stricter.
   */
  readonly firstSettings?: SettingsEntries | undefined
  /** What we tolerate. */
  readonly limits?: Limits | undefined
  /** How receive windows are refilled. Default `AdaptiveWindowManager`; the connection's does not grow. */
  readonly windowManager?: WindowManagerOption | undefined
  /** What may lie unread, shared by the connections that are given the same. Default one of its own, of 1 GiB. */
  readonly unread?: UnreadBudget | undefined
  /** Take pushes (RFC 9113 §8.4). Default false: a PUSH_PROMISE is then a connection error. */
  readonly enablePush?: boolean | undefined
  /** PING after `interval` ms of silence with requests open; dead after `timeout` ms more. Default 30,000 and 15,000. */
  readonly keepAlive?: KeepAlive | false | undefined
  /** Milliseconds until the peer's first frame; 0 for no limit. Default 10,000. */
  readonly prefaceTimeoutMs?: number | undefined
  /** Milliseconds until the peer acknowledges our SETTINGS; 0 for no limit. Default 10,000. */
  readonly settingsAckTimeoutMs?: number | undefined
  /** Identifier of the first request, odd. Default 1. */
  readonly firstStreamId?: number | undefined
}

const DEFAULT_TIMEOUT = 10_000

/** Options with every default filled in. */
interface CheckedOptions {
  readonly settings: ReturnType<typeof checkSettings>
  readonly limits: ReturnType<typeof checkLimits>
  readonly managers: ReturnType<typeof windowManagers>
  readonly unread: UnreadBudget
  readonly enablePush: boolean
  readonly keepAlive: KeepAlive | false
  readonly deadlines: Deadlines
  readonly firstStreamId: number
  readonly firstSettings: SettingsEntries
}

/** Fills in defaults. Throws TypeError or RangeError that names the option. */
export function checkConnectionOptions(options: ConnectionOptions): CheckedOptions {
  const settings = checkSettings(options.settings)
  const enablePush = options.enablePush ?? false
  return {
    settings,
    firstSettings: options.firstSettings ?? settingsToSend(settings, enablePush),
    limits: checkLimits(options.limits),
    managers: windowManagers(options.windowManager),
    unread: options.unread ?? new UnreadBudget(),
    enablePush,
    keepAlive: checkKeepAlive(options.keepAlive),
    deadlines: {
      prefaceMs: checkMilliseconds('prefaceTimeoutMs', options.prefaceTimeoutMs, DEFAULT_TIMEOUT),
      settingsAckMs: checkMilliseconds('settingsAckTimeoutMs', options.settingsAckTimeoutMs, DEFAULT_TIMEOUT),
    },
    firstStreamId: checkFirstStreamId(options.firstStreamId),
  }
}
