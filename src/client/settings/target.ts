/**
 * Where a connection leads: the caller's target, taken apart. Its one rule: a
 * target names an origin and nothing else, so what is more is refused.
 */
import { shownUrl } from './shown-url.ts'

/** An origin (RFC 6454 §4). */
export interface Target {
  readonly secure: boolean
  /** Name or IP literal in lower case, without brackets. */
  readonly host: string
  readonly port: number
  /** As `:authority` has it: the port only if it is not the scheme's (RFC 9113 §8.3.1). */
  readonly authority: string
  readonly scheme: 'http' | 'https'
  /** Scheme and authority. */
  readonly origin: string
}

const HOST_AND_PORT = /^(\[[^[\]]*\]|[^[\]:/?#@\\\s]+)(?::(\d*))?$/

/** Takes a target apart. Throws TypeError for one that is no origin, RangeError for a port out of range. */
export function parseTarget(target: unknown, secure: boolean | undefined): Target {
  if (target instanceof URL) return fromUrl(target, secure)
  if (typeof target !== 'string') throw new TypeError('target must be a string or a URL')
  if (target.includes('://')) {
    const port = /^https?:/i.test(target) ? writtenPort(target) : undefined
    if (port !== undefined) checkPort(port)
    return fromUrl(parseUrl(target, target), secure)
  }
  const match = HOST_AND_PORT.exec(target)
  if (match === null || match[2] === '') throw notATarget(target)
  const { hostname } = parseUrl(`http://${match[1]}`, target)
  return build(hostname, match[2] === undefined ? undefined : Number(match[2]), secure ?? true)
}

/** The port as it stands in a URL: a parser says only that there is no such port. */
function writtenPort(url: string): number | undefined {
  const [authority = ''] = url.slice(url.indexOf('://') + 3).split(/[/?#]/, 1)
  const host = authority.slice(authority.lastIndexOf('@') + 1)
  const colon = host.lastIndexOf(':')
  const port = host.slice(colon + 1)
  return colon > host.lastIndexOf(']') && /^\d+$/.test(port) ? Number(port) : undefined
}

function fromUrl(url: URL, secure: boolean | undefined): Target {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new TypeError(`target must be an http: or https: URL, not ${url.protocol}`)
  }
  if (url.username !== '' || url.password !== '')
    throw new TypeError('target must not hold a user or password')
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw new TypeError(
      `target must not have a path, query or fragment: ${url.pathname}${url.search}${url.hash}`,
    )
  }
  const secureByScheme = url.protocol === 'https:'
  if (secure !== undefined && secure !== secureByScheme) {
    throw new TypeError(`secure: ${secure} contradicts the target's scheme ${url.protocol}`)
  }
  return build(url.hostname, url.port === '' ? undefined : Number(url.port), secureByScheme)
}

function build(hostname: string, givenPort: number | undefined, secure: boolean): Target {
  const defaultPort = secure ? 443 : 80
  const port = givenPort ?? defaultPort
  checkPort(port)
  const scheme = secure ? 'https' : 'http'
  const authority = port === defaultPort ? hostname : `${hostname}:${port}`
  const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  return { secure, host, port, authority, scheme, origin: `${scheme}://${authority}` }
}

function checkPort(port: number): void {
  if (!(port >= 1 && port <= 65_535)) throw new RangeError(`port must be from 1 to 65535, not ${port}`)
}

function parseUrl(text: string, target: string): URL {
  try {
    return new URL(text)
  } catch {
    throw notATarget(target)
  }
}

function notATarget(target: string): TypeError {
  return new TypeError(`target is neither host, host:port nor a URL: ${shownUrl(target)}`)
}
