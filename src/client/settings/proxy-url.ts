/**
 * What can be the URL of a proxy. Its one rule: the message of a refusal never
 * quotes it, for it may hold a password.
 */

/** Throws TypeError for a URL that is none, or not of a proxy. `name`: where it was given. */
export function proxyUrl(given: string | URL, name = 'proxy'): string {
  const url = parsed(given)
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    const socks = /^socks\w*:$/.test(url?.protocol ?? '') ? ', SOCKS is not spoken' : ''
    throw new TypeError(`${name} must be an http: or https: URL${socks}`)
  }
  return url.href
}

/** Not asked by `URL.canParse` before: that of Node.js 20 says no to some hosts once it is hot. */
function parsed(given: string | URL): URL | undefined {
  try {
    return new URL(given)
  } catch {
    return undefined
  }
}
