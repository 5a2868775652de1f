/**
 * Which proxy a URL goes through: none, always the same, the environment's, or
 * what a function says. Its one rule: hosts that the environment excepts are
 * never sent through its proxy.
 */
import { platform } from '#platform'
import { proxyUrl } from '../settings/proxy-url.ts'
import { isExcepted } from './no-proxy.ts'

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
  const own = url.protocol === 'https:' ? 'https_proxy' : 'http_proxy'
  const name = variable(own) === undefined ? 'all_proxy' : own
  const given = variable(name)
  if (given === undefined || isExcepted(url, variable('no_proxy') ?? '')) return undefined
  return proxyUrl(given.includes('://') ? given : `http://${given}`, name)
}

/** The variable in lower case, or else in upper case. One that is empty is as if it were not set. */
function variable(name: string): string | undefined {
  const value = platform.env(name)
  if (value !== undefined && value !== '') return value
  // Behind a CGI gateway HTTP_PROXY is what a client sent in its `proxy` field (RFC 3875 §4.1.18).
  if (name === 'http_proxy' && platform.env('REQUEST_METHOD') !== undefined) return undefined
  return platform.env(name.toUpperCase()) || undefined
}
