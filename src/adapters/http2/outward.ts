/**
 * Calls to the caller's code from within the engine's. What is thrown there is
 * the caller's own: it is thrown again as an uncaught exception, in the next
 * tick, and the engine goes on.
 */
import type { AsyncResource } from 'node:async_hooks'

/** Runs it in the scope, if there is one. Undefined if it threw. */
export function outward<T>(scope: AsyncResource | undefined, call: () => T): T | undefined {
  try {
    return scope === undefined ? call() : scope.runInAsyncScope(call)
  } catch (error) {
    process.nextTick(rethrow, error)
    return undefined
  }
}

function rethrow(error: unknown): never {
  throw error
}
