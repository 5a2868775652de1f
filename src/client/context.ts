/**
 * The asynchronous context of a caller (`AsyncLocalStorage`), for what is called
 * on behalf of one request while the connection serves many. Its one rule: it
 * is taken where code of the caller's is given, and only there.
 */
import { platform } from '#platform'

/** The function, to be called in the context of now, whenever that is. */
export function inContext<A extends unknown[], T>(call: (...args: A) => T): (...args: A) => T {
  const run = platform.context?.()
  return run === undefined ? call : (...args) => run(() => call(...args))
}
