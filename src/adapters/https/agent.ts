/**
 * The clients behind requests of the shape of `node:https`: one for each set of
 * options that decides over connections. Its one rule: at most `MAX_CLIENTS`
 * are kept, and one that has to go finishes what it has.
 */
import http from 'node:http'
import https, { type AgentOptions as NodeAgentOptions } from 'node:https'
import type { Duplex } from 'node:stream'
import { Client, type ClientOptions } from '../../index.ts'
import { bridge } from './bridge.ts'
import { misuse } from './node-error.ts'
import { keyOf, type NamedOptions, namedOptions } from './tls-key.ts'

/** Options of an `Agent`: those of `node:https` that still have a meaning, and the client's own. */
export interface AgentOptions extends NodeAgentOptions {
  /** Options of the `Client` beneath: `proxy`, `timeouts`, `retry`, `limits`, … */
  readonly client?: Omit<ClientOptions, 'tls' | 'decompress'> | undefined
}

type TlsOptions = Exclude<ClientOptions['tls'], ((...args: never) => unknown) | undefined>

/** Sets of options for which a client is kept. */
const MAX_CLIENTS = 64

/** `idleTimeout` of a client that keeps no connection; 0 would be for ever. */
export const SOONEST_MS = 1

/** As with `node:https`, a request may wait for ever; but not for a connection. */
const PATIENT = { queue: 0, headers: 0, bodyIdle: 0 }

/**
 * Holds connections, as `https.Agent` does, over HTTP/2. Requests of
 * `hyper-h2/https` take it as their `agent`; so do those of `node:https` itself,
 * and libraries that make them.
 *
 * @example
 * const agent = new Agent({ ca: readFileSync('ca.pem'), client: { proxy: 'env' } })
 * get('https://example.com/', { agent }, (response) => response.pipe(process.stdout))
 */
export class Agent extends https.Agent {
  readonly #client: Omit<ClientOptions, 'tls' | 'decompress'>
  readonly #options: NodeAgentOptions
  readonly #clients: Map<string, Client>

  constructor(options: AgentOptions = {}) {
    const { client = {}, maxSockets, maxTotalSockets, ...others } = options
    // Requests of node:https are put on a bridge each; connections are counted beneath.
    super({ ...others, keepAlive: false })
    this.#options = others
    this.#client = {
      ...finite('maxConnectionsPerOrigin', maxSockets),
      ...finite('maxConnections', maxTotalSockets),
      // Who says so wants what node:https does then: nothing is left open behind the last request.
      ...(others.keepAlive === false ? { idleTimeout: SOONEST_MS } : {}),
      ...client,
    }
    this.#clients = new Map()
  }

  /** The client for a request with these options; the agent's own win, as with `node:https`. `decompress`: undo codings. */
  clientFor(options: object, decompress = false): Client {
    const named = namedOptions(options, this.#options)
    const key = `${decompress}${keyOf(named)}`
    const kept = this.#clients.get(key)
    const client = kept ?? new Client(this.#clientOptions(named, decompress))
    if (kept !== undefined && this.#clients.size === 1) return client
    // The one that was used last stands last.
    this.#clients.delete(key)
    this.#clients.set(key, client)
    if (this.#clients.size > MAX_CLIENTS) this.#dropOldest()
    return client
  }

  #clientOptions(named: NamedOptions | undefined, decompress: boolean): ClientOptions {
    const { timeouts, ...others } = this.#client
    const { lookup, socketPath, ...tls } = named ?? {}
    return {
      ...others,
      ...(socketPath ? { socketPath: String(socketPath) } : {}),
      ...(lookup === undefined ? {} : { lookup: lookup as NonNullable<ClientOptions['lookup']> }),
      tls: tls as TlsOptions,
      timeouts: { ...PATIENT, ...timeouts },
      decompress,
    }
  }

  #dropOldest(): void {
    for (const [key, client] of this.#clients) {
      this.#clients.delete(key)
      void client.close()
      return
    }
  }

  /** For `node:https`: a stream that it can speak HTTP/1.1 to. */
  override createConnection(options: object): Duplex {
    return bridge(this.clientFor(options), options)
  }

  /** Ends every connection now, and every request on it. Later requests make new ones. */
  override destroy(): void {
    super.destroy()
    for (const client of this.#take()) client.destroy()
  }

  /** Finishes the requests that are open, then closes every connection. Later requests make new ones. */
  async close(): Promise<void> {
    await Promise.all(this.#take().map((client) => client.close()))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #take(): Client[] {
    const clients = [...this.#clients.values()]
    this.#clients.clear()
    return clients
  }
}

/** The agent of requests that name none. */
export const globalAgent: Agent = /* @__PURE__ */ new Agent()

/** Agents that stand in for those of others. */
const standIns = new WeakMap<object, Agent>()

/** The agent that serves in place of the one that a request names. Throws TypeError for one that makes connections of its own. */
export function agentOf(given: unknown): Agent {
  if (given === undefined || given === null || typeof given === 'boolean') return globalAgent
  if (given instanceof Agent) return given
  // Where HTTP/2 is its own option, got hands on one for each protocol.
  if (typeof given === 'object' && !('addRequest' in given) && 'https' in given) return agentOf(given.https)
  if (typeof given !== 'object' || !('addRequest' in given)) {
    throw misuse(
      TypeError,
      'ERR_INVALID_ARG_TYPE',
      'The "options.agent" property must be an Agent, undefined or false',
    )
  }
  let agent = standIns.get(given)
  if (agent === undefined) {
    agent = new Agent(optionsOf(given as object as https.Agent & { proxy?: unknown }))
    standIns.set(given, agent)
  }
  return agent
}

/** What an ordinary agent, or one for a proxy, asks of connections. */
function optionsOf(agent: https.Agent & { proxy?: unknown }): AgentOptions {
  const { options, proxy } = agent
  if (proxy instanceof URL) return { ...options, client: { proxy: proxy.href } }
  const kind: unknown = agent.constructor
  if (kind === https.Agent || kind === http.Agent) return options
  const message = `agent ${agent.constructor.name} makes connections of its own: give an Agent of hyper-h2/https, with its option client.proxy for a proxy`
  throw misuse(TypeError, 'ERR_INVALID_ARG_VALUE', message)
}

function finite(
  name: 'maxConnectionsPerOrigin' | 'maxConnections',
  count: number | undefined,
): ClientOptions {
  return count === undefined || !Number.isFinite(count) ? {} : { [name]: count }
}
