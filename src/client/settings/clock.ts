/**
 * Time as the client sees it: one monotonic clock and one kind of timer. It is
 * a parameter everywhere, so that tests run on time of their own.
 */

/** A monotonic clock with timers. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back. */
  now(): number
  /** Milliseconds of the wall clock, which goes on while the machine sleeps. Default `Date.now()`. */
  wall?(): number
  /** Calls back once, after `delayMs` milliseconds. Keeps the process alive only if `holds`. */
  setTimer(callback: () => void, delayMs: number, holds?: boolean): unknown
  /** Forgets a timer. Harmless for one that has fired. */
  clearTimer(handle: unknown): void
}

/** The wall clock's time. */
export function wallOf(clock: Clock): number {
  return clock.wall === undefined ? Date.now() : clock.wall()
}

/** A clock of the user's, which must not end a connection: while it throws, time stands still, and timers are the platform's. */
export function guarded(clock: Clock): Clock {
  let last = 0
  return {
    now() {
      try {
        last = clock.now()
      } catch {}
      return last
    },
    wall() {
      try {
        return wallOf(clock)
      } catch {
        return Date.now()
      }
    },
    setTimer(callback, delayMs, holds) {
      try {
        return clock.setTimer(callback, delayMs, holds)
      } catch {
        return platformClock.setTimer(callback, delayMs, holds)
      }
    },
    clearTimer(handle) {
      try {
        clock.clearTimer(handle)
      } catch {}
    },
  }
}

/** The longest delay that timers of the platform take. */
const LONGEST_DELAY_MS = 2_147_483_647

/** What the platform's clock said last, and by how much it was set back since: tests put others in its place, which begin at 0. */
let last = 0
let setBack = 0

/** The platform's clock. */
export const platformClock: Clock = {
  now() {
    const now = performance.now() + setBack
    if (now >= last) last = now
    else setBack += last - now
    return last
  },
  setTimer(callback, delayMs, holds = false) {
    const timer = setTimeout(callback, Math.min(delayMs, LONGEST_DELAY_MS))
    // Timers of some runtimes are plain numbers.
    if (!holds) (timer as { unref?(): unknown }).unref?.()
    return timer
  },
  clearTimer(handle) {
    clearTimeout(handle as NodeJS.Timeout)
  },
}
