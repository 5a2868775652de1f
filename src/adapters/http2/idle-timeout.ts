/**
 * `setTimeout` of sessions and streams: `timeout` is emitted after so many
 * milliseconds without a frame in either direction. The timer never keeps the
 * process alive.
 */
import type { EventEmitter } from 'node:events'
import { checkFunction, checkTimeout } from './checks.ts'

export class IdleTimeout {
  #timer: NodeJS.Timeout | undefined = undefined

  /** Something moved. */
  refresh(): void {
    this.#timer?.refresh()
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** @param expired what to do when the time is over */
  set(emitter: EventEmitter, given: unknown, callback: unknown, expired: () => void): void {
    const ms = checkTimeout(given, 'msecs')
    this.clear()
    if (callback !== undefined) checkFunction(callback, 'callback')
    if (ms === 0) {
      if (callback !== undefined) emitter.removeListener('timeout', callback as () => void)
      return
    }
    this.#timer = setTimeout(expired, ms)
    this.#timer.unref()
    if (callback !== undefined) emitter.once('timeout', callback as () => void)
  }
}
