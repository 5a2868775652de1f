/**
 * Which client serves a request: by proxy, by TLS options, and by whether
 * codings are undone. Its one rule: a proxy that is asked for is used or refused,
 * never passed by.
 */
import type { Client } from '../../index.ts'
import { Agent, agentOf } from '../https/agent.ts'
import { servernameOf } from '../https/request-target.ts'
import type { Config, ProxyConfig } from './config.ts'
import type { Errors } from './errors.ts'

/** Proxies for which connections are kept. */
const MAX_PROXIES = 16

/** Agents by their proxy: a URL, `env`, or '' for none. */
const agents = new Map<string, Agent>()
/** Lookups in the form of `dns.lookup`, by what the configuration has. */
const lookups = new WeakMap<object, unknown>()

/**
 * The client for a request to a URL, and whom TLS has to meet there if a `host`
 * field names another. Throws an error of axios for what is not supported.
 */
export function routeOf(
  config: Config,
  url: URL,
  hostField: unknown,
  errors: Errors,
): { client: Client; servername: string | undefined } {
  const { socketPath, decompress, lookup, family } = config
  const given = url.protocol === 'https:' ? config.httpsAgent : config.httpAgent
  const agent = agentFor(config.proxy, given, errors)
  const named = { ...optionsOf(given, agent), lookup: normalized(lookup), family, socketPath }
  const client = agent.clientFor(named, decompress !== false)
  const { servername } = { ...agent.options, ...named } as { servername?: unknown }
  return {
    client,
    servername: servername === undefined ? servernameOf({}, url.hostname, hostField) : undefined,
  }
}

function agentFor(proxy: Config['proxy'], given: unknown, errors: Errors): Agent {
  if (given instanceof Agent || (given as { proxy?: unknown } | undefined)?.proxy instanceof URL) {
    if (!proxy) return agentOf(given)
    const message = 'a proxy beside an agent that has its own connections: give the agent the proxy'
    throw errors.make(message, 'ERR_NOT_SUPPORT')
  }
  // What cannot serve is refused here; what is ordinary only lends its TLS options.
  agentOf(given)
  return proxied(proxy === undefined || proxy === null ? 'env' : proxy === false ? '' : urlOf(proxy, errors))
}

function proxied(proxy: string): Agent {
  const kept = agents.get(proxy)
  if (kept !== undefined) return kept
  const agent = new Agent(proxy === '' ? {} : { client: { proxy } })
  agents.set(proxy, agent)
  for (const [oldest, old] of agents) {
    if (agents.size <= MAX_PROXIES) break
    agents.delete(oldest)
    void old.close()
  }
  return agent
}

function optionsOf(given: unknown, agent: Agent): object {
  return given === undefined || given === null || given === agent ? {} : ((given as Agent).options ?? {})
}

/** The URL of a proxy with its credentials. */
function urlOf(proxy: ProxyConfig, errors: Errors): string {
  try {
    const { protocol = 'http', auth, port } = proxy
    const host = proxy.hostname ?? proxy.host ?? ''
    const name = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
    const url = new URL(`${protocol.replace(/:$/, '')}://${name}${port ? `:${port}` : ''}`)
    if (auth?.username) url.username = encodeURIComponent(auth.username)
    if (auth?.password) url.password = encodeURIComponent(auth.password)
    return url.href
  } catch (error) {
    throw errors.make('proxy is not valid', 'ERR_BAD_OPTION_VALUE', undefined, error)
  }
}

type Found = (error: Error | null, address?: unknown, family?: number) => void

/** A lookup may answer by callback or by promise, with addresses in any form that axios takes. */
function normalized(lookup: unknown): unknown {
  if (typeof lookup !== 'function') return undefined
  const known = lookups.get(lookup)
  if (known !== undefined) return known
  const made = (hostname: string, options: { all?: boolean }, callback: Found): void => {
    const found: Found = (error, answer, family) => {
      if (error) {
        callback(error)
        return
      }
      const all = (Array.isArray(answer) ? answer : [answer]).map((one) => addressOf(one, family))
      if (all.length === 0 || all.some(({ address }) => typeof address !== 'string')) {
        const text = 'lookup must give an address: address must be a string'
        callback(Object.assign(new TypeError(text), { code: 'ERR_BAD_OPTION_VALUE' }))
        return
      }
      if (options.all === true) callback(null, all)
      else callback(null, all[0]?.address, all[0]?.family)
    }
    const promise: unknown = lookup(hostname, options, found)
    if (promise instanceof Promise) {
      promise.then(
        (answer) => (isPair(answer) ? found(null, answer[0], answer[1]) : found(null, answer)),
        (error) => callback(error),
      )
    }
  }
  lookups.set(lookup, made)
  return made
}

function isPair(answer: unknown): answer is [string, number] {
  return Array.isArray(answer) && typeof answer[0] === 'string' && typeof answer[1] === 'number'
}

function addressOf(one: unknown, family: number | undefined): { address: string; family: number } {
  const { address, family: own } = (typeof one === 'object' && one !== null ? one : { address: one }) as {
    address: string
    family?: number
  }
  return { address, family: own ?? family ?? (String(address).includes(':') ? 6 : 4) }
}
