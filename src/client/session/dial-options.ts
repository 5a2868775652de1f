/**
 * The options of a dial, made of the settings of a connection. Its one rule:
 * every dial, of a connection object or of a pool, is given its options here.
 */
import type { DialOptions, SessionCache } from '../../transport/transport.ts'
import type { ConnectionSettings } from '../settings/options.ts'
import type { TimeLimits } from '../settings/timeouts.ts'
import type { Witness } from './observer.ts'

/** `witness` is told of the steps, as far as the transport tells. */
export function dialOptions(
  settings: ConnectionSettings,
  limits: TimeLimits,
  alpn: readonly string[],
  sessions: SessionCache,
  witness: Witness | undefined,
): DialOptions {
  const { tls, socketPath, lookup, proxy, clock } = settings
  return {
    tls,
    alpn,
    connectTimeoutMs: limits.connect,
    tlsTimeoutMs: limits.tls,
    socketPath,
    lookup,
    proxy,
    sessions,
    onStep: witness && ((step, elapsedMs) => witness.dialStep(step, elapsedMs, clock.now())),
  }
}
