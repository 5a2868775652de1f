/**
 * `hyper-h2/register/fetch`: loaded before a program, it makes the process's
 * `fetch` run on this stack. `Request`, `Headers` and `Response` stay as they
 * are; where `fetch` takes a dispatcher, so does `fetch` itself.
 *
 * @example
 * // node --import hyper-h2/register/fetch app.js
 */
import { Client, version } from '../../index.ts'
import { installGlobal } from '../undici.ts'
import { registeredOptions, say } from './environment.ts'

const options = registeredOptions()
const undo = dispatched() ?? replaced()
say(`fetch runs on hyper-h2 ${version}`)

/** By the dispatcher; undefined where the runtime's `fetch` takes none. */
function dispatched(): (() => Promise<void>) | undefined {
  // Options that are wrong are told by both.
  void globalThis.Response
  const takesOne = [1, 2].some(
    (generation) => Symbol.for(`undici.globalDispatcher.${generation}`) in globalThis,
  )
  return takesOne ? installGlobal(options) : undefined
}

/** By `fetch` itself: Bun's and Deno's take no dispatcher. */
function replaced(): () => Promise<void> {
  const theirs = globalThis.fetch
  const client = new Client(options)
  const ours = ((input: never, init: never) =>
    client.fetch(input, init)) as unknown as typeof globalThis.fetch
  globalThis.fetch = ours
  return () => {
    if (globalThis.fetch === ours) globalThis.fetch = theirs
    return client.close()
  }
}

/** Puts back what was there, unless somebody else has replaced ours meanwhile; done when what was open is finished. */
export function unregister(): Promise<void> {
  return undo()
}
