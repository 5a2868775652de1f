/**
 * Node as the client sees it: what `#platform` resolves to. Ties together, and
 * decides nothing.
 */
import { AsyncResource } from 'node:async_hooks'
import diagnosticsChannel from 'node:diagnostics_channel'
import { type DebugLogger, debuglog } from 'node:util'
import { decoder } from './node-decode.ts'
import type { Platform } from './transport.ts'

/** Octets up to which a plain array is made faster than an uninitialised one. */
const SMALL = 1024

/** A log that takes lines as they are; undefined if it is off. */
export function lineLog(log: DebugLogger): ((line: string) => void) | undefined {
  return log.enabled ? (line) => log('%s', line) : undefined
}

/** The platform of Node, and of runtimes that have its modules. */
export const platform: Platform = {
  // Sockets and TLS are loaded by whoever connects.
  dial: async (target, options, signal) => (await import('./node.ts')).dial(target, options, signal),
  // Large memory without zeros that would be overwritten, never from the pool; zeros cost a small one nothing.
  allocate: (size) =>
    size <= SMALL ? new Uint8Array(size) : new Uint8Array(Buffer.allocUnsafeSlow(size).buffer),
  decoder,
  channel: (name) => diagnosticsChannel.channel(name),
  context: () => {
    // A snapshot of `AsyncLocalStorage` costs a hundred times as much.
    const resource = new AsyncResource('HyperRequest')
    return (call) => resource.runInAsyncScope(call)
  },
  env: (name) => process.env[name],
  frameLog: lineLog(debuglog('hyper')),
}
