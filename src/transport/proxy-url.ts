/**
 * The URL of a proxy, taken apart. Its one rule: what cannot be used is never
 * quoted, for it may hold a password.
 */

/** A proxy's URL, taken apart. */
export interface ProxyAddress {
  readonly secure: boolean
  readonly host: string
  readonly port: number
  /** Value of `proxy-authorization`, undefined without credentials. */
  readonly authorization: string | undefined
}

/** Takes the URL of a proxy apart. Throws `TypeError`, which does not quote it. */
export function parseProxy(text: string): ProxyAddress {
  let url: URL | undefined
  try {
    url = new URL(text)
  } catch {
    // The platform's error quotes its input, and the input may hold a password.
  }
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    const socks = /^socks\w*:$/.test(url?.protocol ?? '') ? ', SOCKS is not spoken' : ''
    throw new TypeError(`proxy must be an http:// or https:// URL${socks}`)
  }
  const secure = url.protocol === 'https:'
  return {
    secure,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    authorization: url.username === '' && url.password === '' ? undefined : basic(url),
  }
}

/** Basic credentials (RFC 7617 §2), as UTF-8. */
function basic(url: URL): string {
  const pair = `${percentDecoded(url.username)}:${percentDecoded(url.password)}`
  return `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
