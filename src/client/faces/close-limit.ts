/**
 * How long `close()` may take. Its one rule: who waits for it is told in the
 * end, whatever a peer or a reader does.
 */
import { NotClosed } from '../failure.ts'
import type { ConnectionSettings } from '../settings/options.ts'

/** Gives up what `closed` waits for once `timeouts.close` has passed; 0 for never. */
export async function closeWithin(
  closed: Promise<unknown>,
  { clock, timeouts }: ConnectionSettings,
  giveUp: (reason: unknown) => void,
): Promise<void> {
  const limitMs = timeouts.close
  if (limitMs === 0) {
    await closed
    return
  }
  const timer = clock.setTimer(() => giveUp(new NotClosed(limitMs)), limitMs)
  await closed
  clock.clearTimer(timer)
}
