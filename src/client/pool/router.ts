/**
 * From a URL to the origin that serves it: the pool's key with everything that
 * makes two connections differ, and the path (RFC 9110 §4.2, RFC 3986 §5). Its
 * one rule: connections are shared under an equal security context only.
 */
import type { TlsOptions } from '../../transport/transport.ts'
import type { ConnectionSettings } from '../settings/options.ts'
import { shownUrl } from '../settings/shown-url.ts'
import { parseTarget } from '../settings/target.ts'
import type { OriginPool } from './origin-pool.ts'
import type { Pool } from './pool.ts'
import type { ChooseProxy } from './proxy-choice.ts'
import { type TlsChoice, TlsChoices } from './tls-choices.ts'

/** Paths and queries that the URL standard leaves as they are. */
const PLAIN = /^\/[\w\-.~!$&()*+,;=:@/?]*$/

/** Letters, digits and what else stands in the names of hosts. */
const NAME = /^[\w.-]+$/

/** What a router goes by. */
export interface RouterRules {
  /** Of every connection; `tls` and `proxy` are written per origin. */
  readonly connection: ConnectionSettings
  readonly tls: TlsOptions | ((origin: string) => TlsOptions | undefined) | undefined
  /** `http:` is HTTP/2 with prior knowledge (RFC 9113 §3.3). */
  readonly h2c: boolean
  readonly proxy: string | ChooseProxy | undefined
}

export class Router {
  readonly #pool: Pool
  readonly #rules: RouterRules
  readonly #tls: TlsChoices
  /** The same for every URL of an origin, so that its text is the key. */
  readonly #uniform: boolean
  /** What the TLS options are as long as nobody changes them; only where no function gives them. */
  readonly #usual: TlsChoice | undefined
  /** The path of the URL that was routed last. */
  path: string

  constructor(pool: Pool, rules: RouterRules) {
    this.#pool = pool
    this.#rules = rules
    this.#tls = new TlsChoices()
    this.#uniform = typeof rules.tls !== 'function' && typeof rules.proxy !== 'function'
    this.#usual = typeof rules.tls === 'function' ? undefined : this.#tls.choose(rules.tls)
    this.path = '/'
  }

  /**
   * Finds or makes the origin; `path` is written. `servername`: whom TLS has to
   * meet there, if not the URL's host. Throws TypeError for what is no http: or https: URL.
   */
  route(url: string | URL, servername?: string): OriginPool {
    if (typeof url === 'string' && this.#uniform && servername === undefined) {
      const known = this.#known(url)
      if (known !== undefined) return known
    }
    return this.#parsed(parse(url), servername)
  }

  /** An origin that is there already, and a path that needs no parsing. */
  #known(url: string): OriginPool | undefined {
    const slash = url.indexOf('/', 8)
    if (slash === -1 || this.#chosenTls('') !== this.#usual) return undefined
    const origin = this.#pool.find(url.slice(0, slash))
    const path = url.slice(slash)
    if (origin === undefined || !PLAIN.test(path) || path.includes('/.')) return undefined
    this.path = path
    return origin
  }

  #parsed(url: URL, servername: string | undefined): OriginPool {
    checkName(servername)
    // Taken before the caller's functions are called: they may change the URL, or route another.
    const { origin, hostname, protocol } = url
    const path = pathOf(url)
    const { connection, h2c, proxy: choice } = this.#rules
    const tls = this.#chosenTls(origin)
    const proxy = typeof choice === 'function' ? choice(url) : choice
    const ownName = tls.options?.servername === undefined && servername?.toLowerCase() === hostname
    const name = ownName || protocol === 'http:' ? undefined : servername?.toLowerCase()
    const usual = this.#uniform && tls === this.#usual
    const context = usual ? origin : `${origin} ${proxy ?? ''} ${tls.number}`
    // No name has a space, and no other part an octothorpe.
    const key = name === undefined ? context : `${context} #${name}`
    this.path = path
    return (
      this.#pool.find(key) ??
      this.#pool.add({
        key,
        target: parseTarget(origin, undefined),
        settings: { ...connection, tls: named(tls.options, name), proxy },
        h2c,
      })
    )
  }

  #chosenTls(origin: string): TlsChoice {
    const { tls } = this.#rules
    return this.#tls.choose(typeof tls === 'function' ? checkTls(tls(origin)) : tls)
  }
}

/** Throws TypeError for what TLS cannot send as a name (RFC 6066 §3). */
function checkName(servername: unknown): void {
  if (servername === undefined || (typeof servername === 'string' && NAME.test(servername))) return
  throw new TypeError(`servername is not a host name: ${JSON.stringify(String(servername).slice(0, 100))}`)
}

function named(tls: TlsOptions | undefined, servername: string | undefined): TlsOptions | undefined {
  return servername === undefined ? tls : { ...tls, servername }
}

/** Path and query. An empty query is not the same as none (RFC 3986 §6.2.3), a fragment is not sent. */
function pathOf({ href, origin }: URL): string {
  const end = href.indexOf('#')
  return href.slice(origin.length, end === -1 ? undefined : end)
}

/** Throws TypeError for what cannot be TLS options: those of no connection would be used in their place. */
function checkTls(given: TlsOptions | undefined | null): TlsOptions | undefined {
  if (given === undefined || given === null) return undefined
  if (typeof given === 'object' && !('then' in given)) return given
  throw new TypeError('tls must give an object or undefined, and at once')
}

function parse(given: string | URL): URL {
  if (typeof given !== 'string' && !(given instanceof URL))
    throw new TypeError('url must be a string or a URL')
  let url: URL
  try {
    url = new URL(given)
  } catch {
    throw new TypeError(`url is not valid: ${shownUrl(String(given))}`)
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new TypeError(`url must be of http: or https:, not ${url.protocol}`)
  }
  if (url.username !== '' || url.password !== '') throw new TypeError('url must not hold a user or password')
  return url
}
