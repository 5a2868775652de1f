/**
 * Which proxy a URL goes through: none, always the same, the environment's, or
 * what a function says. Its one rule: hosts that the environment excepts are
 * never sent through its proxy.
 */
import { platform } from '#platform'
import { proxyUrl } from '../settings/proxy-url.ts'

/** A proxy's URL, `'env'` for the variables of the environment, or a function of the URL. */
export type ProxyOption = string | URL | ((url: URL) => string | URL | undefined | null)

/** Finds the proxy for a URL; undefined for none. */
export type ChooseProxy = (url: URL) => string | undefined

/** Checks the option. Throws TypeError for what is none; the message never quotes it. */
export function checkProxyOption(given: ProxyOption | undefined): string | ChooseProxy | undefined {
  if (given === undefined) return undefined
  if (given === 'env') return proxyOfEnvironment
  if (typeof given === 'function') {
    return (url) => {
      const chosen = given(url)
      return chosen === undefined || chosen === null ? undefined : proxyUrl(chosen)
    }
  }
  return proxyUrl(given)
}

/** `https_proxy`, `http_proxy`, `all_proxy`, `no_proxy`, in lower case or upper. */
function proxyOfEnvironment(url: URL): string | undefined {
  const given = variable(url.protocol === 'https:' ? 'https_proxy' : 'http_proxy') ?? variable('all_proxy')
  if (given === undefined || isExcepted(url, variable('no_proxy') ?? '')) return undefined
  return proxyUrl(given.includes('://') ? given : `http://${given}`)
}

function variable(name: string): string | undefined {
  // Behind a CGI gateway HTTP_PROXY is what a client sent in its `proxy` field (RFC 3875 §4.1.18).
  const isForged = name === 'http_proxy' && platform.env('REQUEST_METHOD') !== undefined
  const value = platform.env(name) ?? (isForged ? undefined : platform.env(name.toUpperCase()))
  return value === undefined || value === '' ? undefined : value
}

/** True if `no_proxy` names the host, a domain that it is in, or `*`; with a port, only that one. */
export function isExcepted(url: URL, noProxy: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
  for (const entry of noProxy.toLowerCase().split(/[\s,]+/)) {
    if (entry === '*') return true
    const [, name = '', wantedPort] = /^(\[.*\]|[^:]*|.*:.*:.*?)(?::(\d+))?$/.exec(entry) ?? []
    const wanted = name.replace(/^\[|\]$/g, '').replace(/^\*?\./, '')
    if (wanted === '' || (wantedPort !== undefined && wantedPort !== port)) continue
    if (host === wanted || host.endsWith(`.${wanted}`)) return true
  }
  return false
}
