/**
 * Confusing hosts and paths, and where each face sends a request that has them.
 * `targets.json` has the inputs; `compat/undici-targets.mjs` records there what
 * undici's own dispatcher did with them.
 */
import { readFileSync } from 'node:fs'
import { MemoryOrigin } from '../../src/testing/index.ts'
import type { Dial } from '../../src/testing/transport-shape.ts'

/** What arrived, and what had been dialled for it; null if it was refused. */
export type Arrival = readonly [host: string, authority: string, path: string] | null

interface Corpus {
  readonly hosts: readonly string[]
  readonly paths: readonly string[]
  readonly undici: { readonly hosts: readonly Arrival[]; readonly paths: readonly Arrival[] }
}

export const corpus: Corpus = JSON.parse(readFileSync(new URL('targets.json', import.meta.url), 'utf8'))

/** One request of a face; resolves when it was answered, rejects or throws if it was refused. */
export type Ask = (host: string, path: string, transport: Dial) => Promise<unknown>

/** Where a face sends a request. */
export async function arrivalOf(ask: Ask, host: string, path: string): Promise<Arrival> {
  const origin = new MemoryOrigin(() => ({ body: '' }))
  const dialled: string[] = []
  const transport: Dial = (target, ...others) => {
    dialled.push(target.host)
    return origin.dial(target, ...others)
  }
  try {
    await ask(host, path, transport)
  } catch {
    if (origin.requests.length > 0) throw new Error('it was sent, and failed all the same')
    return null
  }
  const [request] = origin.requests
  if (dialled.length !== 1 || origin.requests.length !== 1)
    throw new Error('not one request, on one connection')
  return [dialled[0]!, request!.authority, request!.path]
}

/** Characters that end a host, precede one, or stand in none: no system finds a name that has one. */
const IN_NO_HOST = /[\0- "#%/:<>?@[\\\]^`{|}\x7f]/

/** Whether a system's resolver takes a text for the name of a host. */
export function isName(host: string): boolean {
  return !IN_NO_HOST.test(host)
}
