/**
 * Waiting between two attempts, on the client's clock. The one rule: an aborted
 * signal ends the wait at once, with its own reason.
 */
import type { Clock } from './clock.ts'

/** Resolves after `delayMs`. Rejects with the reason of the signal. */
export function pause(delayMs: number, signal: AbortSignal | undefined, clock: Clock): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason)
      return
    }
    const aborted = (): void => {
      clock.clearTimer(timer)
      reject(signal!.reason)
    }
    const timer = clock.setTimer(
      () => {
        signal?.removeEventListener('abort', aborted)
        resolve()
      },
      delayMs,
      true,
    )
    signal?.addEventListener('abort', aborted, { once: true })
  })
}
